"""Functions of dbt's DuckDB that SQL does not have: what is published of settings is decided by one rule, in Python."""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse.layout import Layout
from warehouse.secrets import hashed_for, without_secrets
from warehouse.settings import published_settings, without_texts


class Plugin(BasePlugin):
    """Registers the functions; `dbt/profiles.yml` names this module."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give a connection `published_settings`, `without_texts` (both of settings) and `without_secrets`."""
        assert self.creds is not None
        give_functions(conn, Layout(Path(self.creds.path).absolute().parents[1]))


def give_functions(database: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """The functions of one warehouse, whose key makes the hashes, on a connection."""

    def settings_of(settings: str, source: str) -> str:
        with hashed_for(layout):
            return published_settings(settings, source)

    def without_texts_of(settings: str) -> str:
        with hashed_for(layout):
            return without_texts(settings)

    def clean(text: str) -> str:
        with hashed_for(layout):
            return without_secrets(text)

    database.create_function("published_settings", settings_of, ["VARCHAR", "VARCHAR"], "VARCHAR")
    database.create_function("without_texts", without_texts_of, ["VARCHAR"], "VARCHAR")
    database.create_function("without_secrets", clean, ["VARCHAR"], "VARCHAR")
