"""dbt's way to the functions of `warehouse.sql_functions`."""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse.layout import Layout
from warehouse.sql_functions import give_functions


class Plugin(BasePlugin):
    """Registers the functions; `dbt/profiles.yml` names this module."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give a connection `published_settings`, `without_texts` (both of settings) and `without_secrets`."""
        assert self.creds is not None
        give_functions(conn, Layout(Path(self.creds.path).absolute().parents[1]))
