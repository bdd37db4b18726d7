"""No test touches the project's own warehouse, whatever it imports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from synthetic.machine import WAIT_PASSIVELY

for _name, _setting in WAIT_PASSIVELY.items():
    os.environ.setdefault(_name, _setting)  # before anything loads torch
# Several tests run at once: two threads that share a core wait for each other, and cost half as much again.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


LONGEST_FIRST = (
    "test_end_to_end.py",
    "dbt/test_planner.py",  # the first that needs the warehouse of random rows, for which others of this folder wait
    "dbt/test_natural_overthinking.py",
    "dbt/test_real_logs.py",
    "dbt/test_incremental.py",
    "test_pathological_pools.py",
    "synthetic/test_training.py",
    "synthetic/test_processes.py",
    "dagster_project/test_two_warehouses.py",
    "dagster_project/test_sampling.py",
    "sampling/test_agents.py",
    "test_portability.py",
    "warehouse/test_older_warehouse.py",
    "dagster_project/test_ui.py",
    "sampling/test_kills.py",
    "sampling/test_batches.py",
    "sampling/test_faults.py",
    "sampling/test_published.py",
)
"""Files that take more than a quarter of a minute: begun last, one would keep one core busy and the other waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session", autouse=True)
def _warehouse_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    from warehouse import environment

    os.environ["WAREHOUSE_ROOT"] = str(tmp_path_factory.mktemp("warehouse"))
    os.environ.pop("RAW_ROOT", None)
    environment.FILE_NAME = ".env-of-tests"  # a developer's own keys are of no concern here
