"""`python -P -m warehouse.spark.command ROOT`: every model on Spark, and its result into the build database.

A process of its own like `warehouse.dbt_command`, whose dbt uses the session that is started here: Spark's tables live
as long as that session.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from warehouse.dbt_command import environment
from warehouse.layout import Layout
from warehouse.lifeline import end_when_adopted
from warehouse.spark.load import load
from warehouse.spark.session import SparkError, start
from warehouse.spark.sources import make_sources

BUILD = ("--no-use-colors", "build", "--target", "spark", "--exclude-resource-type", "test", "unit_test")
"""Tests come after loading: DuckDB runs them in a tenth of the time, on the tables that are published."""


def main(arguments: Sequence[str]) -> int:
    """Build and load; 0 only if the build database holds the result of all of it."""
    end_when_adopted()
    layout = Layout(Path(arguments[0]).resolve())
    os.chdir(layout.root)
    os.environ.update(environment(layout) | {"DBT_TARGET_PATH": str(layout.spark_dbt_target)})
    # A build that was killed may have left tables, which Spark would not overwrite.
    shutil.rmtree(layout.spark, ignore_errors=True)
    try:
        spark = start(layout)
        make_sources(spark, layout)

        from dbt.cli.main import dbtRunner

        if not dbtRunner().invoke(list(BUILD)).success:
            return 1
        load(layout, layout.spark_dbt_manifest, lambda table: spark.table(table).inputFiles())
        spark.stop()
    except SparkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    shutil.rmtree(layout.spark_tables)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
