from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from tests.sharing import once
from warehouse.layout import Layout
from warehouse.transform import manifest


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The whole graph, for an empty warehouse; dbt's project is parsed once."""
    from dagster_project.definitions import build_definitions

    def parse(root: Path) -> None:
        manifest(Layout(root))

    parsed = Layout(once(tmp_path_factory, "parsed", parse))
    layout = Layout(tmp_path_factory.mktemp("graph"))
    shutil.copytree(parsed.dbt_target, layout.dbt_target)
    return build_definitions(layout)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)
