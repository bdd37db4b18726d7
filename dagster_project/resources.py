"""What assets are given: where the warehouse is, and dbt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from warehouse.dbt_command import dbt_command
from warehouse.layout import DBT_PROJECT_DIR, Layout


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The warehouse that assets write to.

    Attributes:
        root: folder of the warehouse; empty for the one that `WAREHOUSE_ROOT` names (`warehouse.environment`).
        echo: whether lines of progress go to standard error too.
    """

    root: str = ""
    echo: bool = False

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return Layout(Path(self.root).resolve()) if self.root else Layout.from_env()


class Dbt(DbtCliResource):
    """dbt for one warehouse, in processes that are told which: this process's environment stays as it is."""

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        # Dagster would read the profile in this process, with this process's environment, to count rows and the like
        # through dbt's connection; `assets/transformed.py` asks the database itself.
        return None

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


def dbt_resource(layout: Layout) -> Dbt:
    """dbt for this warehouse."""
    python, *arguments = dbt_command(layout)
    return Dbt(
        project_dir=str(DBT_PROJECT_DIR),
        profiles_dir=str(DBT_PROJECT_DIR),
        dbt_executable=python,
        global_config_flags=arguments,
    )
