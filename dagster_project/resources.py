"""What assets are given: where the warehouse is, and dbt."""

from pathlib import Path

import dagster as dg

from warehouse.layout import Layout


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The warehouse that assets write to.

    Attributes:
        root: folder of the warehouse; empty for the one that `WAREHOUSE_ROOT` names (`warehouse.environment`).
    """

    root: str = ""

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return Layout(Path(self.root).resolve()) if self.root else Layout.from_env()
