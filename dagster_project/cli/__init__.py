"""The `incoherence` command: a thin layer over the functions that the assets call.

One module per stage, in the order of the help: everything at once, what brings data in, what computes, what answers
questions, what serves, what explains.
"""

from __future__ import annotations

import os

from dagster_project.cli.app import app, fail
from synthetic.machine import WAIT_PASSIVELY

# isort: off
from dagster_project.cli import run, collect, compute, ask, serve, docs  # noqa: F401
# isort: on

__all__ = ["app", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main() -> None:
    """Entry point: expected failures end in one clear line and exit status 1."""
    for name, setting in WAIT_PASSIVELY.items():
        os.environ.setdefault(name, setting)
    # Imported here, for what they may raise; each is light.
    import duckdb

    from warehouse.connect import NothingPublishedError
    from warehouse.lock import LockedError
    from warehouse.parquet import ContractError
    from warehouse.publish import NothingBuiltError, UnfinishedBuildError
    from warehouse.transform import BuildError

    try:
        app()
    except (
        NothingPublishedError,
        NothingBuiltError,
        UnfinishedBuildError,
        LockedError,
        ContractError,
        BuildError,
        duckdb.Error,
    ) as error:
        fail(str(error))
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # Typer's word for Ctrl-C
            fail("interrupted; what was finished is kept, run the same command again", status=INTERRUPTED)
        raise
