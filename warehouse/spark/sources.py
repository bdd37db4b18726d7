"""The raw Parquet files as external tables of Spark, with the columns of the contract.

Not by path (`parquet.…`): Spark would take partition folders for columns, and fail on a table that has no file yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.layout import Layout
from warehouse.schemas import RAW_TABLES, RawTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

SCHEMA = "raw"


def make_sources(spark: SparkSession, layout: Layout) -> None:
    """One table per raw table, over the folder where its files lie."""
    spark.sql(f"create schema if not exists {SCHEMA}")
    for table in RAW_TABLES.values():
        name = f"{SCHEMA}.{table.name}"
        spark.sql(f"drop table if exists {name}")
        spark.catalog.createTable(
            name,
            path=layout.raw_table(table.name).as_uri(),
            source="parquet",
            schema=spark_schema(table),
            recursiveFileLookup="true",
        )


def spark_schema(table: RawTable) -> StructType:
    """The contract's columns in Spark's types; all of them may be NULL, as older files do not have the newer ones."""
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(field.name, from_arrow_type(field.type)) for field in table.schema])
