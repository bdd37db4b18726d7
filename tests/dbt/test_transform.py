"""Running dbt: what comes back, what is said when it fails, and that the machine does not matter."""

from __future__ import annotations

from math import isclose
from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import Built
from tests.dbt.random_raw import random_synthetic_rows
from warehouse.layout import Layout
from warehouse.transform import BuildError, build, dbt_environment, prepare, run_dbt


def test_a_path_that_reads_as_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"holds \*"):
        dbt_environment(Layout(tmp_path / "every*thing"))


def test_a_failing_test_is_named_with_its_rows(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    random_synthetic_rows(3, dimension=5).write(layout)
    lines: list[str] = []
    with pytest.raises(BuildError) as caught:
        build(layout, select="stg_synthetic_problems", echo=lines.append)
    message = str(caught.value)
    assert "synthetic_dimension_exceeds_synthetic_max_dimension" in message
    assert "stg_synthetic_problems" in message
    assert str(layout.raw) in message
    assert lines


def test_one_thread_and_two_threads_agree(built: Built, tmp_path: Path) -> None:
    """Keys, counts, buckets and verdicts exactly; sums of floating-point numbers but for their order."""
    layout = Layout(tmp_path)
    for folder in ("raw", "quarantine"):
        (layout.root / folder).symlink_to(built.layout.root / folder)
    prepare(layout)
    run_dbt(layout, ["build", "--exclude-resource-type", "test", "unit_test"], threads=1)
    with duckdb.connect(str(layout.build_database), read_only=True) as other:
        tables = other.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('marts', 'figures') order by all"
        ).fetchall()
        assert len(tables) >= 25
        for (table,) in tables:
            found = other.execute(f"from {table} order by all").fetchall()
            expected = built.database.execute(f"from {table} order by all").fetchall()
            assert len(found) == len(expected) > 0, table
            for row, other_row in zip(found, expected, strict=True):
                for value, other_value in zip(row, other_row, strict=True):
                    if isinstance(value, float) and isinstance(other_value, float):
                        assert isclose(value, other_value, rel_tol=1e-9, abs_tol=1e-12), table
                    else:
                        assert value == other_value, table
