"""Read the raw layer with SQL, as dbt sees it: for status, checks and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse.layout import Layout, not_hidden
from warehouse.parquet import EMPTY_FILE
from warehouse.schemas import IMPORTS, QUARANTINE, RAW_TABLES
from warehouse.sql_text import literal

PROVENANCE = ("import_id", "import_number", "ingested_at", "source", "source_ref", "run_id", "run_status")
"""Where a row comes from: two rows that differ in these alone say the same."""

_IMPORT_ID = re.compile("[0-9a-f]{16}")


def connect_raw(layout: Layout) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with one view per raw table, in schema `raw`: the rows that count.

    Rows of an imported file count once its row in `imports` is there, which is written last. `quarantine` has all: its
    files may never have been imported. Nothing is written, also where nothing is yet.
    """
    con = duckdb.connect()
    con.execute("create schema raw")
    for table in sorted(RAW_TABLES.values(), key=lambda table: table is not IMPORTS):  # the others' views read it
        name = table.name
        # The columns of today's contract, for tables without files and for files of an older version.
        con.register("no_rows", table.schema.empty_table())
        con.execute(f"create table raw.no_{name} as from no_rows")
        con.unregister("no_rows")
        query = f"from raw.no_{name}"
        if not_hidden(layout.raw_table(name).rglob("*.parquet")):
            files = literal(str(layout.raw_table(name) / "**" / "[!.]*.parquet"))
            query += f" union all by name from read_parquet({files}, hive_partitioning = false, union_by_name = true)"
        if "import_id" in table.schema.names and table not in (IMPORTS, QUARANTINE):
            query = f"from ({query}) where import_id is null or import_id in (select import_id from raw.imports)"
        con.execute(f"create view raw.{name} as {query}")
    return con


def count_rows(layout: Layout, table: str) -> int:
    """Rows of a raw table that count; see `connect_raw`."""
    with connect_raw(layout) as con:
        (count,) = con.execute(f"select count(*) from raw.{table}").fetchone() or (0,)
    return int(count)


def files_off_contract(layout: Layout, table: str) -> dict[Path, str]:
    """Files of a raw table that do not meet the contract of the version that wrote them, each with what is wrong."""
    contract = RAW_TABLES[table]
    files = not_hidden(layout.raw_table(table).rglob("*.parquet"))
    return {path: why for path in files if (why := contract.why_off_contract(pq.read_schema(path)))}


def files_with_rows(layout: Layout, table: str) -> Iterator[Path]:
    """Files of a raw table that hold data; what a killed import left behind is none."""
    counted = imported(layout)
    for path in not_hidden(layout.raw_table(table).rglob("*.parquet")):
        if path.name != EMPTY_FILE and (not is_import(path.stem) or path.stem in counted):
            yield path


def imported(layout: Layout) -> set[str]:
    """Ids of the imports that are finished."""
    return {path.stem for path in not_hidden(layout.raw_table(IMPORTS.name).glob("*.parquet"))}


def is_import(stem: str) -> bool:
    """Whether a raw file's name is an import's id, which is made from the log's content."""
    return _IMPORT_ID.fullmatch(stem) is not None


def same_rows(one: Path, other: Path) -> bool:
    """Whether two raw files say the same, wherever their rows come from."""
    tables = [pq.read_table(path, partitioning=None) for path in (one, other)]
    names = [[name for name in table.column_names if name not in PROVENANCE] for table in tables]
    return set(names[0]) == set(names[1]) and bool(tables[0].select(names[0]).equals(tables[1].select(names[0])))
