"""One Spark session, set so that its SQL means what DuckDB's means, with the functions that SQL does not have."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from warehouse.layout import Layout
from warehouse.spark.functions import give_functions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LEAST_VERSION = (4, 3)
"""The first that reads `qualify`."""

MEANING = {
    "spark.sql.session.timeZone": "UTC",
    # A plain `timestamp` has no zone, as in DuckDB.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # What overflows, or cannot be cast or divided, stops the build instead of becoming NULL.
    "spark.sql.ansi.enabled": "true",
}
"""What results depend on; nobody else's setting counts."""

STATIC = {
    # Tables live as long as the session: each build is whole, and a killed one leaves nothing that the next one sees.
    "spark.sql.catalogImplementation": "in-memory",
}

LOCAL_ARGUMENTS = (
    f"--driver-memory 4g --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions={os.cpu_count() or 2}"
)
"""For a Spark on this machine, unless PYSPARK_SUBMIT_ARGS says otherwise."""


class SparkError(RuntimeError):
    """Spark cannot be used as it is; the message says what to do."""


def check_installed() -> None:
    """Raise unless Spark and a Java to run it are there.

    Raises:
        SparkError: naming what is missing.
    """
    try:
        import dbt.adapters.spark  # noqa: F401
        import pyspark
    except ImportError as error:
        raise SparkError(f"Spark is not installed ({error}); pip install 'incoherence-warehouse[spark]'") from error
    if tuple(int(part) for part in pyspark.__version__.split(".")[:2]) < LEAST_VERSION:
        raise SparkError(f"pyspark {pyspark.__version__} cannot read the models; install 4.3 or newer")
    if not (os.environ.get("SPARK_REMOTE") or os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise SparkError("Spark needs Java 17 or newer; apt-get install openjdk-17-jre-headless, or set JAVA_HOME")


def start(layout: Layout) -> SparkSession:
    """The session that dbt uses too: Spark of this machine, or the one that SPARK_MASTER or SPARK_REMOTE names.

    Raises:
        SparkError: if Spark or Java is missing.
    """
    check_installed()
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", f"{LOCAL_ARGUMENTS} pyspark-shell")
    builder = SparkSession.builder.appName("incoherence")
    if not os.environ.get("SPARK_REMOTE"):
        builder = builder.master(os.environ.get("SPARK_MASTER") or "local[*]")
        builder = builder.config("spark.sql.warehouse.dir", layout.spark_tables.as_uri())
        for name, value in STATIC.items():
            builder = builder.config(name, value)
    for name, value in MEANING.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    give_functions(spark, layout)
    return spark
