from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from warehouse.layout import Layout
from warehouse.parquet import ContractError, atomic_path, atomic_writer, ensure_empty_files, write_partition
from warehouse.raw import connect_raw, count_rows, files_off_contract
from warehouse.schemas import MODELS, RAW_TABLES


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
    assert files_off_contract(layout, "models") == []


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
    assert files_off_contract(layout, "models") == [path]
    ensure_empty_files(layout)
    assert files_off_contract(layout, "models") == []
