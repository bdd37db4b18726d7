from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.layout import Layout, not_hidden


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
    assert (str(first).lower() == str(second).lower()) == (one == other), (
        "on a disk that ignores case they would be one"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("GPT-4", "gpt-4"), ("Å", "å"), ("a/B", "A/b"), ("GPT", f"gpt~{sha256(b'GPT').hexdigest()[:16]}")],
)
def test_names_that_differ_by_case_have_folders_that_differ_by_more(one: str, other: str) -> None:
    folders = {str(Layout(Path("/w")).partition("items", {"task": name})).lower() for name in (one, other)}
    assert len(folders) == 2


def test_a_folder_that_version_0_1_made_is_used_as_it_is(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    values = {"task": "mwe", "model_id": "Qwen/Qwen3-8B", "condition_id": "c1"}
    new = layout.response_partition(values)
    earlier = layout.responses / "task=mwe" / "model=Qwen%2FQwen3-8B" / "condition=c1"
    assert new != earlier
    earlier.mkdir(parents=True)
    assert layout.response_partition(values) == earlier
    assert layout.response_partition(values | {"model_id": "qwen/qwen3-8b"}) != earlier


def test_what_systems_leave_in_folders_is_not_seen(tmp_path: Path) -> None:
    for name in (".DS_Store", "._spec.yaml", "spec.yaml", "another.yaml"):
        (tmp_path / name).touch()
    assert not_hidden(tmp_path.iterdir()) == [tmp_path / "another.yaml", tmp_path / "spec.yaml"]


@pytest.mark.parametrize("hostile", ["..", ".", "../../etc", "/etc/passwd", "a\\b", "a\x00b", "con"])
def test_hostile_names_stay_inside(hostile: str) -> None:
    layout = Layout(Path("/somewhere"))
    folder = layout.partition("items", {"task": hostile})
    assert folder.resolve().parent == layout.raw / "items"
    assert "\x00" not in str(folder)


@pytest.mark.parametrize("package", ["dagster_project", "warehouse"])
def test_only_the_layout_builds_paths_of_a_warehouse(package: str) -> None:
    def is_layout(node: ast.AST) -> bool:
        """Whether this is an attribute of a layout, or a parent of one."""
        while isinstance(node, ast.Attribute):
            node = node.value
            if (isinstance(node, ast.Name) and node.id == "layout") or (
                isinstance(node, ast.Attribute) and node.attr == "layout"
            ):
                return True
        return False

    for path in (Path(__file__).parents[2] / package).rglob("*.py"):
        if path.name == "layout.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and is_layout(node.left):
                # A pattern over files is no path.
                assert "*" in ast.unparse(node.right), f"{path}:{node.lineno}: name this path in warehouse/layout.py"
