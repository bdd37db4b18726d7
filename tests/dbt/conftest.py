"""One warehouse of random rows, built once for all tests of the SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.covering import covering_rows, write_covering
from tests.dbt.random_raw import RawRows
from tests.oracles.answers import ItemAnswers, ItemKey, answers_by_item
from tests.oracles.corrected import Estimate
from tests.sharing import once
from warehouse.connect import connect_build
from warehouse.layout import Layout
from warehouse.transform import build


@dataclass(eq=False)
class Built:
    """A built warehouse beside the raw rows that it was built from."""

    layout: Layout
    evals: RawRows
    synthetic: list[RawRows]
    answers: dict[ItemKey, ItemAnswers]
    database: duckdb.DuckDBPyConnection

    def rows(self, table: str, where: str = "true") -> list[dict[str, Any]]:
        """Rows of a table as dictionaries."""
        result = self.database.execute(f"select * from {table} where {where}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    evals, synthetic = covering_rows()

    def make(root: Path) -> None:
        write_covering(Layout(root), evals, synthetic)
        build(Layout(root), unit_tests=True)

    layout = Layout(once(tmp_path_factory, "random_warehouse", make))
    with connect_build(layout) as database:
        yield Built(layout, evals, synthetic, answers_by_item(evals.items, evals.samples), database)


def agree(found: float | None, expected: float | None) -> bool:
    """Whether two numbers agree to 1e-9, or are both missing."""
    if found is None or expected is None:
        return found is None and expected is None
    return isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)


def agree_on_incoherence(row: dict[str, Any], expected: Estimate, column: str = "incoherence_unbiased") -> None:
    """A corrected ratio with its interval, or the reason why it has none."""
    assert agree(row[column], expected.ratio), (column, row, expected.ratio)
    assert agree(row[f"{column}_ci_low"], expected.low), (column, row, expected)
    assert agree(row[f"{column}_ci_high"], expected.high), (column, row, expected)
    if "interval_note" in row:
        assert row["interval_note"] == expected.note, (row, expected)
    if "n_effective" in row:
        assert agree(row["n_effective"], expected.n_effective), (row, expected)
