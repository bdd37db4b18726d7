"""Spark's tables into the build database, in the shape of DuckDB's own build: from there on nothing differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb

from warehouse.layout import Layout
from warehouse.parquet import atomic_path
from warehouse.spark.session import SparkError
from warehouse.sql_text import identifier, literal

FilesOf = Callable[[str], Sequence[str]]
"""The addresses of a table's Parquet files, by `schema.table`."""


def load(layout: Layout, manifest: Path, files_of: FilesOf) -> None:
    """Put every model and seed into a new build database, which takes the place of the old one.

    Args:
        layout: the warehouse.
        manifest: dbt's, of the build on Spark.
        files_of: where Spark wrote each table.

    Raises:
        SparkError: if a table's columns are not its contract's, or its files lie where this machine does not see them.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    with atomic_path(layout.build_database) as temporary, duckdb.connect(str(temporary)) as database:
        database.execute("set TimeZone = 'UTC'")
        for node in nodes:
            if node["resource_type"] in ("model", "seed"):
                _load_table(database, node, _local(files_of(f"{node['schema']}.{node['name']}")))


def _load_table(database: duckdb.DuckDBPyConnection, node: dict[str, Any], files: list[str]) -> None:
    name = f"{identifier(node['schema'])}.{identifier(node['name'])}"
    rows = f"read_parquet([{', '.join(map(literal, files))}])"
    found = {row[0]: row[1] for row in database.execute(f"describe from {rows}").fetchall()}
    columns = ", ".join(
        f"cast({identifier(column)} as {kind}) as {identifier(column)}" for column, kind in _shape(node, found)
    )
    database.execute(f"create schema if not exists {identifier(node['schema'])}")
    database.execute(f"create table {name} as select {columns} from {rows}")
    if node["config"]["schema"] in ("staging", "intermediate"):
        return  # not published, and not described in DuckDB's own build either
    database.execute(f"comment on table {name} is {literal(node['description'])}")
    for column, told in node["columns"].items():
        if told["description"]:
            database.execute(f"comment on column {name}.{identifier(column)} is {literal(told['description'])}")


def _shape(node: dict[str, Any], found: dict[str, str]) -> list[tuple[str, str]]:
    """Columns in order with their types: the contract's where there is one, else as Spark made them."""
    types: dict[str, str] = node["config"].get("column_types") or {}
    if not types and node["config"]["schema"] in ("marts", "figures"):
        types = {column: told["data_type"] for column, told in node["columns"].items()}
    if not types:
        return list(found.items())
    if set(types) != set(found):
        raise SparkError(
            f"{node['name']}: its contract has {sorted(set(types) - set(found))} which Spark's table lacks, and lacks "
            f"{sorted(set(found) - set(types))}"
        )
    return list(types.items())


def _local(addresses: Sequence[str]) -> list[str]:
    for address in addresses:
        if urlsplit(address).scheme != "file":
            raise SparkError(
                f"Spark wrote {address}, which is no file of this machine; set spark.sql.warehouse.dir to a folder "
                "that this machine and Spark's executors share"
            )
    return [unquote(urlsplit(address).path) for address in addresses]
