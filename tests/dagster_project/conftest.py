from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from warehouse.layout import Layout


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The whole graph, for an empty warehouse; dbt's project is parsed once."""
    from dagster_project.definitions import build_definitions

    return build_definitions(Layout(tmp_path_factory.mktemp("graph")))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)
