"""Functions that SQL does not have: what is published of settings is decided by one rule, in Python."""

from __future__ import annotations

import duckdb

from warehouse.layout import Layout
from warehouse.secrets import hashed_for, without_secrets
from warehouse.settings import published_settings, without_texts


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
