"""One build on Spark and one on DuckDB of the same raw files: every table says the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.s3 import BUCKET, s3_server
from tests.spark.compare import TABLES, differences
from tests.spark.covering import covering_rows
from warehouse.build_plan import plan_build
from warehouse.built_from import inputs_of
from warehouse.layout import Layout
from warehouse.publish import publish
from warehouse.remote.fetch import fetch
from warehouse.remote.push import push
from warehouse.spark.session import SparkError, check_installed
from warehouse.transform import BuildError, BuildResult, build

SMALL = {
    # Planning, compiling and starting tasks take longer than these rows do.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.files.minPartitionNum": "1",
    "spark.default.parallelism": "1",
    "spark.ui.enabled": "false",
}

Both = tuple[Layout, Layout, BuildResult]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """The warehouse that DuckDB has built, the one of Spark, and what the build on Spark says of itself."""
    root = tmp_path_factory.mktemp("engines")
    ours, other = Layout(root / "duckdb"), Layout(root / "spark")
    for rows in covering_rows():
        rows.write(ours)
    build(ours)
    with s3_server():  # so these are the tables of raw data in an object store as well
        push(ours, f"s3://{BUCKET}/raw data")
        fetch(other, f"s3://{BUCKET}/raw data")
    shutil.copyfile(ours.hash_key, other.hash_key)
    # What a build that was killed leaves behind.
    left = other.spark_tables / "marts.db" / "dim_task" / "part-0.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a file")
    options = " ".join(f"--conf {name}={value}" for name, value in SMALL.items())
    options += " --driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"--driver-memory 2g {options} pyspark-shell")
        result = build(other, engine="spark")
    return ours, other, result


def test_every_table_is_equal(both: Both) -> None:
    ours, other, _ = both
    found = list(differences(ours.build_database, other.build_database, ours.root))
    assert not found, "\n".join(found)


def test_all_models_are_built_and_all_data_tests_run(both: Both) -> None:
    ours, other, result = both
    with duckdb.connect(str(ours.build_database), read_only=True) as database:
        n_models = sum(schema != "seeds" for schema, _ in database.execute(TABLES).fetchall())
    assert result.n_models == n_models
    assert result.n_tests > 250
    assert not other.spark_tables.exists()


def test_duckdb_builds_on_nothing_that_spark_left(both: Both) -> None:
    _, other, result = both
    plan = plan_build(other, inputs_of(other), select=None, full=False, unit_tests=False)
    assert (plan.arguments, plan.why) == ([], "everything was built: the last build left no record")
    assert result.why == "everything was built, as always on Spark"


def test_what_is_published_has_the_same_shape_and_descriptions(both: Both) -> None:
    ours, other, _ = both
    shapes = []
    for layout in (ours, other):
        with duckdb.connect(str(publish(layout).path), read_only=True) as database:
            tables = database.execute("select schema_name, table_name, comment from duckdb_tables() order by all")
            shapes.append(tables.fetchall())
            columns = database.execute(
                "select schema_name, table_name, column_index, column_name, data_type, comment from duckdb_columns() "
                "where schema_name in ('marts', 'figures') order by all"
            )
            shapes[-1] += columns.fetchall()
    assert shapes[0] == shapes[1]


def test_the_data_shows_each_difference(both: Both) -> None:
    """Rows in which an engine that did as Spark does by itself would be wrong, one query for each."""
    ours, _, _ = both
    shown = {
        "a coverage that is no decimal of five digits": (
            "select count(*) from marts.fct_item_decomposition "
            "where decomposition = 'coverage' and accuracy <> round(accuracy, 5)"
        ),
        "no list of choices, and none counted": "select count(*) from marts.dim_item where n_choices is null",
        "a list of choices that is not there, with their number": (
            "select count(*) from marts.dim_item where n_choices = 2 and task = 'many'"
        ),
        "a statistic that is undefined, in words": (
            "select count(*) from figures.findings where statistic is null and sentence like '%undefined%'"
        ),
        "an empty cell of a seed": "select count(*) from seeds.recorded_optimizer_scale where interval_note is null",
        "an apostrophe in a seed": "select count(*) from seeds.known_findings where title like '%''%'",
        "a correlation of exactly 1": (
            "select count(*) from figures.fig_reasoning_length_correlation "
            "where task = 'twins' and correlation > 1 - 1e-12 and correlation_ci_low is null"
        ),
        "a pool of one item": "select count(*) from marts.fct_incoherence where n_items = 1",
        "a pool of errors alone": "select count(*) from marts.fct_incoherence where n_samples = 0 or error is null",
        "more items than Student's table has": "select count(*) from marts.fct_incoherence where n_items > 201",
        "graded scores": "select count(*) from marts.fct_incoherence where decomposition = 'score' and error > 0",
        "embeddings": "select count(*) from marts.fct_incoherence where decomposition = 'embedding'",
        "one rater": "select count(*) from figures.fig_survey where n_raters = 1",
        "words that are counted": "select count(*) from figures.fig_wait_ratio",
        "votes that tie": (
            "select count(*) from intermediate.int_majority_votes where majority_at_k between 0.1 and 0.9"
        ),
        "pools matched in accuracy": "select count(*) from intermediate.int_matched_shifts where shift > 0",
    }
    with duckdb.connect(str(ours.build_database), read_only=True) as database:
        missing = [what for what, query in shown.items() if (database.execute(query).fetchone() or (0,))[0] == 0]
    assert not missing


def test_a_part_is_not_built_on_spark(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="leave out `--select marts`"):
        build(Layout(tmp_path), select="marts", engine="spark")


def test_a_missing_java_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAVA_HOME", "SPARK_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(SparkError, match="openjdk-17-jre-headless"):
        check_installed()
