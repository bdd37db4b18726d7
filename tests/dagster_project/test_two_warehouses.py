"""Two warehouses in one process: each has its own files, and nothing of the process is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import torch

from dagster_project.definitions import build_definitions
from dagster_project.resources import Warehouse
from warehouse.connect import connect_build
from warehouse.layout import Layout
from warehouse.parquet import write_partition

STAGED = dg.AssetKey(["staging", "stg_survey_rankings"])


def of_process() -> tuple[object, ...]:
    """What a process has one of."""
    return (
        dict(os.environ),
        Path.cwd(),
        pa.default_memory_pool().backend_name,
        pa.cpu_count(),
        torch.get_num_threads(),
        list(sys.path),
    )


def rate(layout: Layout, entity: str) -> None:
    ranking = {"rater_id": "r", "entity": entity, "entity_group": "g", "attribute": "intelligence", "rank": 1.0}
    ranking |= {"ingested_at": datetime(2026, 1, 1, tzinfo=UTC)}
    write_partition(layout, "survey_rankings", [ranking], file_stem="survey")


def entities(layout: Layout) -> list[tuple[str]]:
    with connect_build(layout) as con:
        return con.execute("select distinct entity from staging.stg_survey_rankings").fetchall()


def stage(definitions: dg.Definitions) -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job("stage", selection=dg.AssetSelection.assets(STAGED))
    return dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("stage").execute_in_process()


def test_each_has_its_own_and_the_process_is_as_before(definitions: dg.Definitions, tmp_path: Path) -> None:
    warehouse = (definitions.resources or {})["warehouse"]
    assert isinstance(warehouse, Warehouse)
    first, second = warehouse.layout, Layout(tmp_path)
    shutil.copytree(first.dbt_target, second.dbt_target)  # dbt's project was parsed: that is the same for both
    rate(first, "one")
    rate(second, "two")
    before = of_process()
    others = build_definitions(second)
    assert of_process() == before
    assert stage(definitions).success and stage(others).success
    assert (entities(first), entities(second)) == ([("one",)], [("two",)])
    assert of_process() == before


def test_a_resource_can_be_another(definitions: dg.Definitions, tmp_path: Path) -> None:
    layout = (definitions.resources or {})["warehouse"].layout
    mine = Warehouse(root=str(tmp_path))
    assert (build_definitions(layout, warehouse=mine).resources or {})["warehouse"] is mine


def test_importing_everything_changes_nothing_in_the_process() -> None:
    code = """
import os, sys
before = dict(os.environ)
import pyarrow as pa, torch
pool, threads = pa.default_memory_pool().backend_name, torch.get_num_threads()
import dagster_project.definitions, dagster_project.cli, ingestion.logs.importer, ingestion.sampling
import synthetic.experiment, synthetic.reasoner.server, warehouse.report
changed = {name for name, _ in set(os.environ.items()) ^ set(before.items())} - {"_RJEM_MALLOC_CONF"}
assert not changed, changed  # polars sets that one itself, for its own allocator
assert pa.default_memory_pool().backend_name == pool
assert torch.get_num_threads() == threads
"""
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
