"""Publish: copy marts and figures into one read-only DuckDB file, swap it in, and write the exports.

DuckDB locks a file for one process, so nobody ever opens dbt's build database but dbt and this module. Users open the
published file. It is replaced by a rename: an open reader keeps the old content, a new reader sees the new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.lock import LockedError, locked
from warehouse.parquet import atomic_together
from warehouse.plain_text import APOSTROPHE, CONTROL, FORMULA, NUMBER, REPLACEMENT
from warehouse.sql_text import identifier, literal
from warehouse.tell import Tell, silence

PUBLISHED_SCHEMAS = ("marts", "figures")

STORAGE_VERSION = "v1.0.0"
"""The newest storage format that every 1.x driver reads. Later ones fail to open there, or read NULLs in silence."""


class NothingBuiltError(FileNotFoundError):
    """There is nothing to publish yet."""


class UnfinishedBuildError(RuntimeError):
    """The last build failed or was interrupted: its tables do not belong together."""


@dataclass(frozen=True)
class Published:
    """What was published: the file, and the rows of each `schema.table`."""

    path: Path
    row_counts: dict[str, int]


def publish(layout: Layout, report: Tell = silence) -> Published:
    """Copy the marts and figures of the build database into the published file and the exports.

    Args:
        layout: the warehouse.
        report: called with a line per table, for progress.

    Raises:
        NothingBuiltError: if `incoherence build` has not run yet.
        UnfinishedBuildError: if it was interrupted, or failed.
        warehouse.lock.LockedError: if another process builds or publishes, or has the build database open.
    """
    if not layout.build_database.is_file():
        raise NothingBuiltError(f"nothing built at {layout.build_database}; run `incoherence build` first")
    with locked(layout.build_lock, "another build or publish ({holder}) is at work"):
        sweep(layout.root)
        if layout.unfinished_build.exists():
            raise UnfinishedBuildError(
                f"the last build of {layout.build_database} failed or was interrupted, so its tables do not belong "
                "together; run `incoherence build` to its end first"
            )
        # Everything is written before anything is renamed: a killed publish leaves what was published as it was.
        with atomic_together() as temporary_of:
            database = temporary_of(layout.published_database)
            row_counts = _copy(layout.build_database, database, report)
            database.chmod(0o444)
            wanted = _export(layout, database, list(row_counts), temporary_of)
        for folder, pattern in ((layout.exports_parquet, "*/*.parquet"), (layout.exports_csv, "*.csv")):
            for stale in set(folder.glob(pattern)) - wanted:
                stale.unlink()
    return Published(layout.published_database, row_counts)


def _copy(source: Path, target: Path, report: Tell) -> dict[str, int]:
    # Table by table and not `COPY FROM DATABASE`, which would bring staging and intermediate along.
    with duckdb.connect() as con:
        try:
            con.execute(f"attach {literal(str(source))} as build (read_only)")
        except duckdb.IOException as error:
            raise LockedError(
                f"{source} cannot be read; if another program has it open, end that and run this again "
                f"({str(error).splitlines()[0]})"
            ) from error
        con.execute(f"attach {literal(str(target))} as published (storage_version {literal(STORAGE_VERSION)})")
        tables = con.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            "where database_name = 'build' and schema_name in (select unnest(?)) order by all",
            [list(PUBLISHED_SCHEMAS)],
        ).fetchall()
        if not tables:
            raise NothingBuiltError(f"no marts or figures in {source}; run `incoherence build` first")
        columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for schema, table, *described in con.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            "where database_name = 'build' and comment is not null"
        ).fetchall():
            columns.setdefault((schema, table), []).append((described[0], described[1]))
        row_counts: dict[str, int] = {}
        for schema in PUBLISHED_SCHEMAS:
            con.execute(f"create schema published.{schema}")
        for schema, table, comment in tables:
            name = f"{identifier(schema)}.{identifier(table)}"
            statements = ["begin", f"create table published.{name} as from build.{name}"]
            if comment:
                statements.append(f"comment on table published.{name} is {literal(comment)}")
            for column, text in columns.get((schema, table), ()):
                statements.append(f"comment on column published.{name}.{identifier(column)} is {literal(text)}")
            con.execute("; ".join([*statements, "commit"]))  # each by itself would be a transaction, written to disk
            (count,) = con.execute(f"select count(*) from published.{name}").fetchone() or (0,)
            row_counts[f"{schema}.{table}"] = count
            report(f"{schema}.{table}: {count:,} rows")
        con.execute("detach published")
    return row_counts


def _export(layout: Layout, database: Path, tables: list[str], temporary_of: Callable[[Path], Path]) -> set[Path]:
    """Write each export under its temporary name; return where they will be."""
    wanted: set[Path] = set()
    with duckdb.connect(str(database), read_only=True) as con:
        for table in tables:
            schema, name = table.split(".", 1)
            rows = f"from {identifier(schema)}.{identifier(name)}"
            targets = [(layout.exported_parquet(schema, name), rows, "format parquet, compression zstd")]
            if schema == "figures":
                texts = [column for column, kind, *_ in con.execute(f"describe {rows}").fetchall() if kind == "VARCHAR"]
                targets.append((layout.exported_csv(name), _for_spreadsheets(rows, texts), "format csv, header"))
            for path, query, options in targets:
                wanted.add(path)
                con.execute(f"copy ({query}) to {literal(str(temporary_of(path)))} ({options})")
    return wanted


def _for_spreadsheets(rows: str, texts: list[str]) -> str:
    """The rows as a spreadsheet may open them: `warehouse.plain_text.for_spreadsheets`, in SQL."""
    replaced = []
    for column in texts:
        name = identifier(column)
        is_formula = f"regexp_matches({name}, {literal(FORMULA)}) and not regexp_matches({name}, {literal(NUMBER)})"
        unix = f"replace({name}, chr(13) || chr(10), chr(10))"
        harmless = f"regexp_replace({unix}, {literal(CONTROL)}, {literal(REPLACEMENT)}, 'g')"
        replaced.append(f"if({is_formula}, {literal(APOSTROPHE)} || {harmless}, {harmless}) as {name}")
    return f"select * replace ({', '.join(replaced)}) {rows}" if replaced else rows
