"""Warehouses made one: in either order the same data, or nothing and the reason."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from ingestion.logs.importer import import_paths
from warehouse.layout import DBT_PROJECT_DIR, PROJECT_ROOT, Layout
from warehouse.lock import locked
from warehouse.merge import LAST_IMPORT_FIRST, OWN_ROWS_FIRST, Merged, MergeError, merge
from warehouse.parquet import write_partition
from warehouse.raw import connect_raw
from warehouse.schemas import QUARANTINE, RAW_TABLES

LOGS = sorted((PROJECT_ROOT / "ingestion" / "logs" / "demo").glob("*.eval"))
MAPPING = (
    "{task: {value: t}, model: model, item: item, epoch: epoch, n_choices: {value: 2}, target: gold, answer: answer}"
)
WHEN = {"is_simulated": False, "ingested_at": datetime(2026, 1, 1, tzinfo=UTC)}


def warehouse(root: Path, *logs: Path) -> Layout:
    layout = Layout(root)
    for log in logs:
        import_paths([log], layout)
    return layout


def rows(layout: Layout) -> dict[str, list[tuple[object, ...]]]:
    """Every raw row that counts, but for when and as which number it came."""
    told = {name: "ingested_at, import_number" if name == "imports" else "ingested_at" for name in RAW_TABLES}
    with connect_raw(layout) as con:
        return {
            name: con.execute(f"select * exclude ({without}) from raw.{name} order by all").fetchall()
            for name, without in told.items()
            if name != QUARANTINE.name
        }


def files(layout: Layout) -> dict[str, bytes]:
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in layout.root.rglob("*.parquet")}


def test_either_way_the_rows_are_the_same(tmp_path: Path) -> None:
    one, other = (
        (warehouse(tmp_path / f"{side} one", *LOGS[:2]), warehouse(tmp_path / f"{side} other", *LOGS[1:3]))
        for side in "ab"
    )
    (one_a, other_a), (one_b, other_b) = one, other
    untouched = files(other_a)
    merged = merge(one_a, other_a)
    assert merged.n_imports == 1 and merged.n_files > 1 and merged.n_known > 0
    assert files(other_a) == untouched
    merge(other_b, one_b)
    assert rows(one_a) == rows(other_b) == rows(warehouse(tmp_path / "all", *LOGS[:3]))
    with connect_raw(one_a) as con:
        assert con.execute("select import_number from raw.imports order by 1").fetchall() == [(1,), (2,), (4,)]
    assert merge(one_a, other_a) == Merged(0, 0, merged.n_known + merged.n_files, 0)


def table(folder: Path, answer: str, epoch: int = 1) -> Path:
    folder.mkdir()
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    runs = f"model,item,epoch,gold,answer\nm,1,{epoch},A,{answer}\n"
    (folder / "runs.csv").write_text(runs, encoding="utf-8")
    return folder / "runs.csv"


def graded(folder: Path, second: float) -> Path:
    folder.mkdir()
    mapping = "{task: {value: t}, model: model, item: item, epoch: epoch, grader: grader, score: score}"
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    runs = f"model,item,epoch,grader,score\nm,1,1,first,1\nm,1,1,second,{second}\n"
    (folder / "runs.csv").write_text(runs, encoding="utf-8")
    return folder / "runs.csv"


def test_samples_that_differ_are_named_and_nothing_is_merged(tmp_path: Path) -> None:
    one = warehouse(tmp_path / "one", table(tmp_path / "a", "A"))
    other = warehouse(tmp_path / "other", table(tmp_path / "b", "B"), LOGS[0])
    before = files(one)
    with pytest.raises(
        MergeError, match=r"samples: 1 are in both warehouses .*\(.*choice_index.*\)\. Nothing was merged"
    ):
        merge(one, other)
    assert files(one) == before
    assert merge(one, warehouse(tmp_path / "third", table(tmp_path / "c", "B", epoch=2))).n_imports == 1


def test_grades_that_differ_are_named(tmp_path: Path) -> None:
    """The samples say the same, and whichever copy counts decides whose grades do."""
    one, other = (
        warehouse(tmp_path / side, graded(tmp_path / f"{side} files", second))
        for side, second in (("a", 0.5), ("b", 1.0))
    )
    with pytest.raises(MergeError, match=r"^(samples|grades): 1 are in both warehouses"):
        merge(one, other)


def test_partitions_drawn_in_both_and_leftovers(tmp_path: Path) -> None:
    one, other = Layout(tmp_path / "one"), Layout(tmp_path / "other")
    for layout, provider in ((one, "here"), (other, "there")):
        write_partition(
            layout,
            "models",
            [{"model_id": "m", "provider": provider, "source": "sampler", **WHEN}],
            file_stem="sampler-m",
        )
    with pytest.raises(MergeError, match=r"models: sampler-m\.parquet is in both warehouses with other rows"):
        merge(one, other)
    left = Layout(tmp_path / "left")
    write_partition(
        left, "models", [{"model_id": "n", "source": "table", "import_id": "0" * 16, **WHEN}], file_stem="0" * 16
    )
    assert merge(one, left) == Merged(0, 0, 0, 0)


def segment(layout: Layout, name: str, content: bytes) -> Path:
    path = layout.response_file(Path("task=t", name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_responses_come_along(tmp_path: Path) -> None:
    one, other = Layout(tmp_path / "one"), warehouse(tmp_path / "other", LOGS[0])
    segment(other, "000001.jsonl.zst", b"paid for")
    segment(other, "sampler.lock", b"17")
    before = sorted(other.root.rglob("*"))
    assert merge(one, other).n_responses == 1
    assert [path.name for path in one.responses.rglob("*.*")] == ["000001.jsonl.zst"]
    assert sorted(other.root.rglob("*")) == before, "the other is only read"
    assert merge(one, other).n_responses == 0


def test_a_partition_sampled_in_both_is_not_merged(tmp_path: Path) -> None:
    """Not even where one is still open: of two segments with one number, the closed one would count alone."""
    one, other = Layout(tmp_path / "one"), warehouse(tmp_path / "other", LOGS[0])
    segment(one, "000001.jsonl", b"paid for here")
    segment(other, "000001.jsonl.zst", b"paid for there")
    with pytest.raises(MergeError, match="responses: task=t was sampled in both warehouses"):
        merge(one, other)
    assert not one.raw.exists()


@pytest.mark.parametrize("name", ["task=t/sampler.lock", "../run.lock"])
def test_a_warehouse_at_work_is_not_merged(tmp_path: Path, name: str) -> None:
    other = warehouse(tmp_path / "other", LOGS[0])
    with locked(other.response_file(Path(name)), "held"), pytest.raises(MergeError, match="another process is at work"):
        merge(Layout(tmp_path / "one"), other)


def test_rows_count_in_the_order_that_dbt_has() -> None:
    macros = (DBT_PROJECT_DIR / "macros" / "raw.sql").read_text(encoding="utf-8")
    assert f"{{% macro last_import_first() %}}{LAST_IMPORT_FIRST}{{% endmacro %}}" in macros
    assert OWN_ROWS_FIRST.replace(LAST_IMPORT_FIRST, "{{ last_import_first() }}") in macros


def test_the_command_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path / "here"))
    nothing = CliRunner().invoke(app, ["merge", str(tmp_path)])
    assert nothing.exit_code == 1 and "no warehouse" in nothing.output
    warehouse(tmp_path / "here", LOGS[0])
    itself = CliRunner().invoke(app, ["merge", os.path.relpath(tmp_path / "here")])
    assert itself.exit_code == 1 and "merged into" in itself.output
