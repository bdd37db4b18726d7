"""Read the raw layer with SQL, as dbt sees it: for status, checks and tests."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse.layout import Layout, visible
from warehouse.parquet import ensure_empty_files
from warehouse.schemas import RAW_TABLES


def connect_raw(layout: Layout) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with one view per raw table, in schema `raw`."""
    ensure_empty_files(layout)
    con = duckdb.connect()
    con.execute("create schema raw")
    for name in RAW_TABLES:
        files = str(layout.raw_table(name) / "**" / "[!.]*.parquet").replace("'", "''")
        con.execute(
            f"create view raw.{name} as from read_parquet('{files}', hive_partitioning = false, union_by_name = true)"
        )
    return con


def count_rows(layout: Layout, table: str) -> int:
    """Rows of a raw table, from the files' footers."""
    with connect_raw(layout) as con:
        (count,) = con.execute(f"select count(*) from raw.{table}").fetchone() or (0,)
    return int(count)


def files_off_contract(layout: Layout, table: str) -> dict[Path, str]:
    """Files of a raw table that do not meet the contract of the version that wrote them, each with what is wrong."""
    contract = RAW_TABLES[table]
    files = visible(layout.raw_table(table).rglob("*.parquet"))
    return {path: why for path in files if (why := contract.why_off_contract(pq.read_schema(path)))}
