"""Whether two tables hold the same rows, in whatever order, numbers to 1e-9."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any

import duckdb


def difference(database: duckdb.DuckDBPyConnection, one: str, other: str, columns: Sequence[str]) -> str | None:
    """The first pair of rows that differs, in words; None where the tables are alike."""
    listed = ", ".join(f'"{column}"' for column in columns)
    if not database.execute(
        f"(select {listed} from {one} except all select {listed} from {other}) union all "
        f"(select {listed} from {other} except all select {listed} from {one}) limit 1"
    ).fetchone():
        return None
    # Exact columns first, then numbers as they are but for their last digits: so rows that are alike lie side by side.
    kinds = {name: kind for name, kind, *_ in database.execute(f"describe select {listed} from {one}").fetchall()}
    numbers = [column for column in columns if kinds[column] in ("DOUBLE", "FLOAT")]
    order = [f'"{column}"' for column in columns if column not in numbers]
    order += [f"""printf('%.6e', "{column}" + 0.0)""" for column in numbers]
    rows, others = (
        database.execute(f"select {listed} from {table} order by {', '.join(order)}").fetchall()
        for table in (one, other)
    )
    if len(rows) != len(others):
        return f"{len(rows):,} rows and {len(others):,}"
    for row, other_row in zip(rows, others, strict=True):
        for column, value, other_value in zip(columns, row, other_row, strict=True):
            if not _agree(value, other_value):
                return f"{column}: {value!r} and {other_value!r}, of {row}"
    return None


def _agree(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (one != one and other != other)
    return bool(one == other)
