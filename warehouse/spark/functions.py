"""Functions of dbt's Spark that SQL does not have: the rules of `warehouse.settings`, JSON as rows, C's formats.

They run where the rows are: every executor needs this package, and the warehouse's folder for the key of its hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from warehouse.layout import Layout
from warehouse.secrets import hashed_for, without_secrets
from warehouse.settings import published_settings, without_texts

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession


def give_functions(spark: SparkSession, layout: Layout) -> None:
    """Register the functions that the macros of `dbt/macros/engine_spark.sql` call, by name."""

    def register(function: Callable[..., str]) -> None:
        # NULL in, NULL out, as DuckDB has it.
        def of_texts(*texts: str | None) -> str | None:
            if any(text is None for text in texts):
                return None
            with hashed_for(layout):
                return function(*texts)

        spark.udf.register(function.__name__, of_texts, "string")

    for function in (published_settings, without_texts, without_secrets):
        register(function)
    spark.udf.register("c_format", c_format, "string")
    spark.udf.register(
        "json_leaves", json_leaves, "array<struct<id: bigint, fullkey: string, atom: string, told: string>>"
    )


def c_format(form: str, number: float | None) -> str | None:
    """A number as text, as C rounds it; NULL without one."""
    return None if number is None else form % number


def json_leaves(settings: str | None) -> list[tuple[int, str, str, str | None]]:
    """The plain values in a JSON text: position, path, JSON and text of each, as DuckDB's `json_tree` has them."""
    rows = _duckdb().execute(
        "select id, fullkey, cast(atom as varchar), atom ->> '$' from json_tree(?) "
        "where atom is not null and fullkey like '$.%' order by id",
        [settings],
    )
    return [tuple(row) for row in rows.fetchall()]


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect()
