"""A first build without dbt: the same database as dbt's, and dbt's own words where data are wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import Built
from tests.dbt.random_raw import random_synthetic_rows
from tests.spark.compare import differences
from warehouse import first_build
from warehouse.layout import Layout
from warehouse.transform import BuildError, build

SHAPES = (
    "select schema_name, table_name, comment from duckdb_tables() where table_name <> 'built_from' order by all",
    "select schema_name, view_name from duckdb_views() where not internal order by all",
    "select schema_name, table_name, column_index, column_name, data_type, is_nullable, comment from duckdb_columns() "
    "where database_name = 'warehouse' and not internal and table_name <> 'built_from' order by all",
    "select schema_name, table_name, constraint_text from duckdb_constraints() order by all",
)
REMEMBERED = "select table_name from duckdb_tables() where starts_with(table_name, 'built_from_') order by all"
POOLS = "select * exclude (fingerprint) from intermediate.{} order by all"


def raw_copy(built: Built, root: Path) -> Layout:
    """A warehouse with the same raw files, of the same times, and no tables."""
    layout = Layout(root)
    shutil.copytree(built.layout.raw, layout.raw)
    shutil.copytree(built.layout.quarantine, layout.quarantine)
    shutil.copy2(built.layout.hash_key, layout.hash_key)
    return layout


def test_the_database_is_the_one_that_dbt_makes(built: Built, tmp_path: Path) -> None:
    """Exactly, but for the last digits of sums, which two builds by dbt do not have in common either."""
    layout = raw_copy(built, tmp_path)
    lines: list[str] = []
    told: list[tuple[str, int, int]] = []
    result = build(layout, without_dbt=True, echo=lines.append, progress=lambda *step: told.append(step))
    assert not layout.dbt_results.exists(), "dbt has built"
    results = _nodes_of_dbt(built)
    assert (result.n_models, result.n_tests) == (results.count("model"), results.count("test"))
    assert len(told) == len(lines) == len(results) and told[-1][1:] == (len(results), len(results))
    with duckdb.connect(str(layout.build_database), read_only=True) as other:
        for shape in SHAPES:
            assert other.execute(shape).fetchall() == built.database.execute(shape).fetchall()
        for table, *_ in built.database.execute(REMEMBERED).fetchall():
            assert (
                other.execute(POOLS.format(table)).fetchall() == built.database.execute(POOLS.format(table)).fetchall()
            )
    found = list(differences(built.layout.build_database, layout.build_database, built.layout.root))
    assert not found, "\n".join(found)
    assert "nothing has changed" in build(layout).why


def _nodes_of_dbt(built: Built) -> list[str]:
    results = json.loads(built.layout.dbt_results.read_text(encoding="utf-8"))["results"]
    kinds = [str(result["unique_id"]).split(".")[0] for result in results]
    return [kind for kind in kinds if kind in ("model", "test", "seed")]


def test_wrong_data_are_told_in_the_words_of_dbt(built: Built, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    random_synthetic_rows(3, dimension=5).write(layout)
    lines: list[str] = []
    with pytest.raises(BuildError, match="synthetic_dimension_exceeds_synthetic_max_dimension"):
        build(layout, without_dbt=True, echo=lines.append)
    assert any("left to dbt" in line for line in lines), "dbt alone was asked"
    failed = [result for result in json.loads(layout.dbt_results.read_text())["results"] if result["status"] == "fail"]
    assert len(failed) == 1


def test_what_another_project_wrote_is_not_run(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = raw_copy(built, tmp_path)
    assert first_build.is_possible(layout)
    monkeypatch.setenv("SAMPLES_AT_ONCE", "1")
    assert not first_build.is_possible(layout), "dbt computes these in batches"
    monkeypatch.delenv("SAMPLES_AT_ONCE")
    monkeypatch.setattr(first_build, "build_code", lambda arguments: "another")
    assert not first_build.is_possible(layout)
