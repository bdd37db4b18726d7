from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from warehouse import parquet, schemas
from warehouse.layout import Layout
from warehouse.parquet import (
    ContractError,
    atomic_path,
    atomic_writer,
    ensure_empty_files,
    read_rows,
    write_partition,
)
from warehouse.raw import connect_raw, count_rows, files_off_contract
from warehouse.schemas import MODELS, RAW_TABLES, SURVEY_RANKINGS


def model(name: str, **values: Any) -> dict[str, Any]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return {"model_id": name, "is_simulated": False, "source": "table", "ingested_at": now} | values


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_every_raw_table_is_readable_while_empty(layout: Layout) -> None:
    ensure_empty_files(layout)
    with connect_raw(layout) as con:
        for name, table in RAW_TABLES.items():
            found = con.sql(f"from raw.{name}")
            assert found.columns == table.schema.names
            assert found.fetchall() == []


def test_rows_are_sorted_compressed_and_round_trip(layout: Layout) -> None:
    path = write_partition(layout, "models", [model("b", param_count=2**40), model("a")], file_stem="one")
    assert pq.read_table(path)["model_id"].to_pylist() == ["a", "b"]
    assert pq.read_table(path)["param_count"].to_pylist() == [None, 2**40]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    assert files_off_contract(layout, "models") == {}


def test_the_same_stem_replaces_and_replace_clears_the_partition(layout: Layout) -> None:
    ensure_empty_files(layout)
    write_partition(layout, "models", [model("a")], file_stem="one")
    write_partition(layout, "models", [model("a"), model("b")], file_stem="one")
    write_partition(layout, "models", [model("c")], file_stem="two")
    assert count_rows(layout, "models") == 3
    write_partition(layout, "models", [model("d")], file_stem="three", replace=True)
    assert count_rows(layout, "models") == 1
    ensure_empty_files(layout)
    assert (layout.raw / "models" / "_empty.parquet").exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (model("a", colour="red"), r"raw\.models: unknown column 'colour'"),
        (model("a", param_count="many"), r"raw\.models\.param_count: .*expected int64"),
        (model("a", is_simulated=None), r"raw\.models\.is_simulated: a value is missing"),
    ],
)
def test_rows_off_contract_are_refused_and_leave_nothing(layout: Layout, row: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        write_partition(layout, "models", [model("fine"), row], file_stem="one")
    assert not any(layout.root.rglob("*.parquet"))


def test_a_partition_must_be_named_as_the_contract_says(layout: Layout) -> None:
    with pytest.raises(ContractError, match="in this order"):
        write_partition(layout, "items", [], file_stem="one", partition={"model_id": "x"})


def test_a_failed_write_leaves_the_old_file_and_no_temporary(layout: Layout) -> None:
    path = write_partition(layout, "models", [model("a")], file_stem="one")
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="half way"), atomic_writer(path, MODELS.schema):
        raise RuntimeError("half way")
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["one.parquet"]


def test_a_reader_never_sees_the_temporary_file(layout: Layout) -> None:
    ensure_empty_files(layout)
    final = layout.raw / "models" / "one.parquet"
    with atomic_path(final) as temporary:
        temporary.write_bytes(b"not parquet yet")
        assert count_rows(layout, "models") == 0
        final.parent.mkdir(exist_ok=True)
        pq.write_table(MODELS.schema.empty_table(), temporary)
    assert final.exists()


def test_an_old_empty_file_is_brought_up_to_the_contract(layout: Layout) -> None:
    import pyarrow as pa

    path = layout.raw / "models" / "_empty.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"model_id": pa.array([], pa.string())}), path)
    assert files_off_contract(layout, "models") == {path: "column 'import_id' is missing"}
    ensure_empty_files(layout)
    assert files_off_contract(layout, "models") == {}


def test_a_column_that_came_later_is_null_in_older_files(layout: Layout) -> None:
    import pyarrow as pa

    older = pa.schema([field for field in SURVEY_RANKINGS.schema if field.name != "import_id"])
    row = {"rater_id": "r", "entity": "e", "entity_group": "g", "attribute": "a", "rank": 1.0}
    path = layout.raw / "survey_rankings" / "old.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row | {"ingested_at": datetime(2026, 1, 1, tzinfo=UTC)}], older), path)
    assert files_off_contract(layout, "survey_rankings") == {}
    with connect_raw(layout) as con:
        assert con.sql("select rank, import_id from raw.survey_rankings").fetchall() == [(1.0, None)]
    assert read_rows(path, SURVEY_RANKINGS).schema.equals(SURVEY_RANKINGS.schema)
    # A file of this version must have it.
    path.unlink()
    pq.write_table(older.with_metadata(SURVEY_RANKINGS.schema.metadata).empty_table(), path)
    assert files_off_contract(layout, "survey_rankings") == {path: "column 'import_id' is missing"}


def test_files_that_are_on_no_version_of_the_contract_are_named_with_the_reason() -> None:
    import pyarrow as pa

    for changed, reason in (
        (MODELS.schema.append(pa.field("colour", pa.string())), "unknown column 'colour'"),
        (MODELS.schema.set(3, pa.field("param_count", pa.int32())), "column 'param_count' is int32 instead of int64"),
        (MODELS.schema.set(0, pa.field("model_id", pa.string())), "column 'model_id' is string instead of string not"),
        (MODELS.schema.with_metadata({"contract_version": "99"}), "written by a newer version of this program"),
    ):
        assert (MODELS.why_off_contract(changed) or "").startswith(reason)
    assert MODELS.why_off_contract(MODELS.schema) is None


def test_a_column_that_is_added_may_be_null() -> None:
    with pytest.raises(ValueError, match="NULL in older files"):
        schemas._column("x", MODELS.schema.field(0).type, "new", required=True, since=2)
    for table in RAW_TABLES.values():
        assert all(1 <= int(field.metadata[b"since"]) <= schemas.CONTRACT_VERSION for field in table.schema)


def test_files_that_belong_together_are_on_the_disk_before_the_first_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finals = [tmp_path / folder / "f" for folder in ("a", "b")]
    seen: list[bool] = []
    monkeypatch.setattr(parquet, "flush", lambda _: seen.append(any(final.exists() for final in finals)))
    with parquet.atomic_together() as temporary_of:
        for final in finals:
            temporary_of(final).write_text("new")
    assert seen == [False, False] and [final.read_text() for final in finals] == ["new", "new"]
    with pytest.raises(OSError, match="full"), parquet.atomic_together() as temporary_of:
        temporary_of(finals[0]).write_text("newer")
        raise OSError("full")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["f", "f"]
    assert finals[0].read_text() == "new"
