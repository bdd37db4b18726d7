"""Descriptions of raw assets, taken from the raw contract so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from warehouse.schemas import RAW_TABLES

RAW_GROUP = "raw"


def raw_description(table: str, origin: str) -> str:
    """A raw table's description for the UI: grain, origin, where it lies."""
    grain = RAW_TABLES[table].grain
    return f"{grain[0].upper()}{grain[1:]}. {origin} Immutable Parquet files; columns in `warehouse/schemas.py`."


def raw_columns(table: str) -> dict[str, dg.TableSchema]:
    """Column names, types and descriptions of a raw table, as asset metadata."""
    columns = [
        dg.TableColumn(
            name=field.name,
            type=str(field.type),
            description=(field.metadata or {}).get(b"description", b"").decode(),
            constraints=dg.TableColumnConstraints(nullable=field.nullable),
        )
        for field in RAW_TABLES[table].schema
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def raw_spec(table: str, origin: str, deps: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    """The asset of one raw table."""
    return dg.AssetSpec(
        key=["raw", table],
        deps=deps,
        group_name=RAW_GROUP,
        kinds={"parquet", "python"},
        description=raw_description(table, origin),
        metadata=raw_columns(table),
    )
