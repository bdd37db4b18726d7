"""Staging to figures: the dbt project as assets, one per model, in the group of its layer."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from dagster_project.check_descriptions import describe_test
from dagster_project.column_lineage import Columns, Project
from dagster_project.resources import Dbt, Warehouse
from warehouse.connect import connect_build
from warehouse.layout import Layout
from warehouse.transform import building

WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
"""They test the project, not the data; `make test` runs them."""

WRITER_POOL = "duckdb_writer"
"""Whoever opens the build database. Its limit of one keeps two of them from ever meeting, across processes too."""


class LayerTranslator(DagsterDbtTranslator):
    """The layer, which is the model's folder, is the group."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Second part of the model's path; seeds stand with staging, which is where they are first used."""
        if dbt_resource_props["resource_type"] == "seed":
            return "staging"
        layer: str = dbt_resource_props["fqn"][1]
        return layer

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """A test, with a sentence about what holds when it passes."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None or spec.description:
            return spec
        return spec._replace(description=describe_test(manifest["nodes"][unique_id]))


def make_dbt_assets(manifest: Path) -> dg.AssetsDefinition:
    """One asset per dbt model and seed, one asset check per dbt test."""

    @dbt_assets(manifest=manifest, dagster_dbt_translator=LayerTranslator(), pool=WRITER_POOL, name="dbt_models")
    def dbt_models(context: dg.AssetExecutionContext, dbt: Dbt, warehouse: Warehouse) -> Iterator[Any]:
        # Rows can be counted only once dbt has let go of its database, so events wait for its end.
        # The usual target folder, not one of the run's own: with it comes the parsed project, five seconds of work.
        with building(warehouse.layout, is_whole=not context.is_subset, tell=context.log.info):
            command = ["build", *WITHOUT_UNIT_TESTS]
            invocation = dbt.cli(command, context=context, target_path=warehouse.layout.dbt_target)
            events = list(invocation.stream())
        yield from _told(context, events, warehouse.layout)

    return dbt_models


def _told(context: dg.AssetExecutionContext, events: Sequence[Any], layout: Layout) -> Iterator[Any]:
    """dbt's events, those of tables with their rows and columns, and where the columns come from."""
    counts, columns = _row_counts(layout), _columns(layout)
    keys = {
        event.output_name: context.asset_key_for_output(event.output_name)
        for event in events
        if isinstance(event, dg.Output)
    }
    built = {key.path[-1] for key in keys.values()}
    project = Project(layout.dbt_target, columns, LayerTranslator().get_asset_key)
    lineages = dict(project.lineages(built, context.log.info))
    for event in events:
        if not isinstance(event, dg.Output):
            yield event
            continue
        table, metadata = keys[event.output_name].path[-1], dict(event.metadata)
        if table in counts:
            metadata["dagster/row_count"] = dg.IntMetadataValue(counts[table])
            metadata.setdefault("dagster/column_schema", dg.MetadataValue.table_schema(_schema(columns[table])))
        if table in lineages:
            metadata["dagster/column_lineage"] = dg.MetadataValue.column_lineage(lineages[table])
        yield dg.Output(value=None, output_name=event.output_name, metadata=metadata)


def _columns(layout: Layout) -> dict[str, dict[str, str]]:
    """Type of every column in the build database, by table."""
    found: dict[str, dict[str, str]] = {}
    with connect_build(layout) as con:
        rows = con.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_catalog = current_database() order by ordinal_position"
        ).fetchall()
    for table, column, data_type in rows:
        found.setdefault(table, {})[column] = data_type
    return found


def _schema(columns: Columns) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(name, data_type) for name, data_type in columns.items()])


def _row_counts(layout: Layout) -> dict[str, int]:
    """Rows of every table and view in the build database, by name."""
    with connect_build(layout) as con:
        tables = con.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
        return {
            name: (con.execute(f'select count(*) from "{schema}"."{name}"').fetchone() or (0,))[0]
            for schema, name in tables
        }
