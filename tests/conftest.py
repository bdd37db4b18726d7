"""No test touches the project's own warehouse, whatever it imports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from synthetic.machine import WAIT_PASSIVELY

for _name, _setting in WAIT_PASSIVELY.items():
    os.environ.setdefault(_name, _setting)  # before anything loads torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _warehouse_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    from warehouse import environment

    os.environ["WAREHOUSE_ROOT"] = str(tmp_path_factory.mktemp("warehouse"))
    environment.FILE_NAME = ".env-of-tests"  # a developer's own keys are of no concern here
