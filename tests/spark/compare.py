"""Two build databases, table by table: what differs."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose, isnan
from pathlib import Path
from typing import Any

import duckdb

TOLERANCE = 1e-9
"""Relative, and absolute for numbers near 0 that are the rest of a cancellation."""

OF_ONE_BUILD = {"item_number", "answer_id", "fingerprint"}
"""Numbers of rows in no order, by which alone other tables that are not published join them; a hash over such rows."""

PUBLISHED = ("marts", "figures", "seeds")
"""Where columns have an order and a type that is a contract."""

TABLES = """
    select table_schema, table_name from information_schema.tables
    where table_catalog = current_database() and not starts_with(table_name, 'built_from') order by all
"""
"""All but what DuckDB keeps for its next build."""


def differences(one: Path, other: Path, root: Path) -> Iterator[str]:
    """What differs between two build databases, in words: tables, columns, types, comments, numbers of rows, values.

    Args:
        one: a build database.
        other: the one that should say the same.
        root: the warehouse's folder, from which views name raw files.
    """
    with duckdb.connect(str(one), read_only=True) as left, duckdb.connect(str(other), read_only=True) as right:
        for database in (left, right):
            database.execute("set file_search_path = ?", [str(root)])
        tables = left.execute(TABLES).fetchall()
        if tables != (found := right.execute(TABLES).fetchall()):
            yield f"tables: {set(tables) ^ set(found)}"
        for schema, table in tables:
            if (schema, table) in found:
                yield from (f"{schema}.{table}: {each}" for each in _of_table(left, right, f'"{schema}"."{table}"'))


def _of_table(left: duckdb.DuckDBPyConnection, right: duckdb.DuckDBPyConnection, name: str) -> Iterator[str]:
    columns, found = (
        [row[:2] for row in database.execute(f"describe {name}").fetchall()] for database in (left, right)
    )
    if columns != found and name.strip('"').startswith(PUBLISHED):
        yield f"columns: {[pair for pair in zip(columns, found, strict=False) if pair[0] != pair[1]]}"
    names = [column for column, _ in columns if column not in OF_ONE_BUILD]
    if missing := {column for column, _ in columns} ^ {column for column, _ in found}:
        yield f"columns: {missing}"
        return
    listed = ", ".join(f'"{column}"' for column in names)
    rows, others = (
        sorted(database.execute(f"select {listed} from {name}").fetchall(), key=_place) for database in (left, right)
    )
    if len(rows) != len(others):
        yield f"{len(rows)} and {len(others)} rows"
        return
    others = _in_step(rows, others)
    for i, column in enumerate(names):
        bad = [(a, b) for a, b in zip(rows, others, strict=True) if not agree(a[i], b[i])]
        if bad:
            a, b = bad[0]
            yield f"{column}: {len(bad)} of {len(rows)} rows, such as {a[i]!r} and {b[i]!r} in {_exact(a)[:8]}"


def _in_step(rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Other rows beside those that they agree with, where rounding for the order has put rows of one key in another."""
    others = list(others)
    for i, row in enumerate(rows):
        for j in range(i, len(others)):
            if all(map(agree, row, others[j])):
                others[i], others[j] = others[j], others[i]
                break
            if _exact(row) != _exact(others[j]):
                break
    return others


def agree(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers to the tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (isnan(one) and isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    return bool(one == other)


def _exact(row: tuple[Any, ...]) -> list[str]:
    return [str(value) for value in row if not isinstance(value, float | list)]


def _place(row: tuple[Any, ...]) -> tuple[list[str], list[str], list[float]]:
    """Rows in one order: by what is exact, then by numbers, first as far as both sides agree on them."""
    numbers = [value for value in row if isinstance(value, float)]
    numbers += [each for value in row if isinstance(value, list) for each in value if isinstance(each, float)]
    exact = ["" if isinstance(value, float | list) else str(value) for value in row]
    return exact, [f"{value:.5e}" for value in numbers], numbers
