"""The whole graph: raw → staging → intermediate → marts → figures → published."""

from __future__ import annotations

from typing import Any

import dagster as dg

from dagster_project.assets.published import make_published_assets
from dagster_project.assets.raw_embeddings import embeddings
from dagster_project.assets.raw_logs import INBOX, eval_logs
from dagster_project.assets.raw_sampling import MAY_COST, SAMPLED_RESPONSES
from dagster_project.assets.raw_synthetic import synthetic_problems, synthetic_rollouts, synthetic_training
from dagster_project.assets.transformed import make_dbt_assets
from dagster_project.checks import CHECKS
from dagster_project.jobs import (
    collect,
    embed,
    everything_free,
    experiments,
    inbox,
    nightly,
    refresh,
    sampling_jobs,
    transform,
)
from dagster_project.labels import labelled
from dagster_project.resources import Warehouse, dbt_resource
from warehouse.layout import Layout
from warehouse.transform import manifest

PUBLISHED_LAYERS = ("marts", "figures")


def build_definitions(layout: Layout | None = None, **resources: Any) -> dg.Definitions:
    """Assemble the graph for one warehouse. It changes nothing in this process: there may be several in one.

    Args:
        layout: the warehouse; by default the one that `WAREHOUSE_ROOT` names (`warehouse.environment`).
        **resources: in place of the usual ones of that name (`warehouse`, `dbt`), for tests and for other ways to run.
    """
    layout = layout or Layout.from_env()
    dbt_models = make_dbt_assets(manifest(layout))
    tables = sorted(key for key, group in dbt_models.group_names_by_key.items() if group in PUBLISHED_LAYERS)
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        INBOX,
        embeddings,
        *SAMPLED_RESPONSES,
        eval_logs,
        synthetic_problems,
        synthetic_training,
        synthetic_rollouts,
        dbt_models,
        *make_published_assets(tables),
    ]
    return dg.Definitions(
        assets=[*dg.map_asset_specs(lambda spec: labelled(spec, MAY_COST), assets)],
        asset_checks=CHECKS,
        jobs=[everything_free, collect, transform, refresh, embed, *sampling_jobs],
        schedules=[nightly],
        sensors=[inbox, experiments],
        resources={"warehouse": Warehouse(root=str(layout.root)), "dbt": dbt_resource(layout)} | resources,
        # One process: steps share two cores anyway, and each new process would import torch and dbt again.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` and `dg` load."""
    return build_definitions()
