from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.layout import Layout


def test_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path / "here"))
    assert Layout.from_env().root == (tmp_path / "here").resolve()


def test_default_root_is_inside_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREHOUSE_ROOT", raising=False)
    assert Layout.from_env().root.parts[-2:] == ("warehouse", "data")


@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=400))
def test_partition_values_are_one_component_and_never_clash(one: str, other: str) -> None:
    layout = Layout(Path("/somewhere"))
    first, second = (layout.partition("items", {"task": value}) for value in (one, other))
    assert first.parent == layout.raw / "items"
    assert len(first.name.encode()) <= 255
    assert (first == second) == (one == other)


@pytest.mark.parametrize("hostile", ["..", ".", "../../etc", "/etc/passwd", "a\\b", "a\x00b", "con"])
def test_hostile_names_stay_inside(hostile: str) -> None:
    layout = Layout(Path("/somewhere"))
    folder = layout.partition("items", {"task": hostile})
    assert folder.resolve().parent == layout.raw / "items"
    assert "\x00" not in str(folder)
