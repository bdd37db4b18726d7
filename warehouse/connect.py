"""Open the published warehouse, read-only, from a notebook or a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.layout import Layout

if TYPE_CHECKING:
    import duckdb


class NothingPublishedError(FileNotFoundError):
    """There is no published warehouse yet."""


def connect(path: Path | None = None, *, confined: bool = False) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published warehouse.

    Args:
        path: a published file; by default the one under `$WAREHOUSE_ROOT`.
        confined: for statements that are not your own: they reach no other file, no network and no Python variable,
            and cannot change that.

    Raises:
        NothingPublishedError: if nothing has been published there yet.

    Example:
        >>> from warehouse import connect
        >>> connect().sql("from marts.fct_incoherence").show()  # doctest: +SKIP
    """
    import duckdb  # here, because who only imports logs needs none of its 22 MiB, and this is read with the package

    path = path or Layout.from_env().published_database
    if not path.is_file():
        raise NothingPublishedError(
            f"no published warehouse at {path}; run `incoherence run`, or `incoherence build` and `incoherence publish`"
        )
    con = duckdb.connect(str(path), read_only=True)
    if confined:
        # A read-only database still lets COPY, EXPORT, ATTACH and INSTALL write elsewhere.
        con.execute("set python_enable_replacements = false")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
    return con


def connect_build(layout: Layout) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the build database, whose views name raw files from the warehouse's folder on."""
    import duckdb

    con = duckdb.connect(str(layout.build_database), read_only=True)
    con.execute("set file_search_path = ?", [str(layout.root)])
    return con
