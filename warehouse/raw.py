"""Read the raw layer with SQL, as dbt sees it: for status, checks and tests."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse.layout import Layout, not_hidden
from warehouse.schemas import RAW_TABLES


def connect_raw(layout: Layout) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with one view per raw table, in schema `raw`; nothing is written, also where nothing is."""
    con = duckdb.connect()
    con.execute("create schema raw")
    for name, table in RAW_TABLES.items():
        # The columns of today's contract, for tables without files and for files of an older version.
        con.register(f"no_{name}", table.schema.empty_table())
        con.execute(f"create table raw.no_{name} as from no_{name}")
        con.unregister(f"no_{name}")
        folder = layout.raw_table(name)
        files = str(folder / "**" / "[!.]*.parquet").replace("'", "''")
        rows = f"from raw.no_{name}"
        if not_hidden(folder.rglob("*.parquet")):
            parquet = f"read_parquet('{files}', hive_partitioning = false, union_by_name = true)"
            rows += f" union all by name from {parquet}"
        con.execute(f"create view raw.{name} as {rows}")
    return con


def count_rows(layout: Layout, table: str) -> int:
    """Rows of a raw table, from the files' footers."""
    with connect_raw(layout) as con:
        (count,) = con.execute(f"select count(*) from raw.{table}").fetchone() or (0,)
    return int(count)


def files_off_contract(layout: Layout, table: str) -> dict[Path, str]:
    """Files of a raw table that do not meet the contract of the version that wrote them, each with what is wrong."""
    contract = RAW_TABLES[table]
    files = not_hidden(layout.raw_table(table).rglob("*.parquet"))
    return {path: why for path in files if (why := contract.why_off_contract(pq.read_schema(path)))}
