"""The `incoherence` command: a thin layer over the functions that the assets call.

One module per stage, in the order of the help: everything at once, what brings data in, what computes, what answers
questions, what serves, what explains.
"""

from __future__ import annotations

import errno
import io
import os
import sys

from dagster_project.cli.app import app, fail
from synthetic.machine import WAIT_PASSIVELY

# isort: off
from dagster_project.cli import run, collect, public, analyze, compute, ask, explain, serve, docs  # noqa: F401
# isort: on

__all__ = ["app", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main() -> None:
    """Entry point: expected failures end in one clear line and exit status 1."""
    for name, setting in WAIT_PASSIVELY.items():
        os.environ.setdefault(name, setting)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale that lacks a sign ends nothing
    # Imported here, for what they may raise; each is light.
    import duckdb

    from warehouse.connect import NothingPublishedError
    from warehouse.environment import NotAFolderError
    from warehouse.lock import LockedError
    from warehouse.parquet import ContractError
    from warehouse.publish import NothingBuiltError, UnfinishedBuildError
    from warehouse.remote.store import RemoteError
    from warehouse.spark.session import SparkError
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
        RemoteError,
        SparkError,
        NotAFolderError,
        duckdb.Error,
    ) as error:
        fail(str(error))
    except OSError as error:
        fail(without_traceback(error))
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # Typer's word for Ctrl-C
            fail("interrupted; what was finished is kept, run the same command again", status=INTERRUPTED)
        raise


def without_traceback(error: OSError) -> str:
    """What the system would not do, and what to do about it: a disk that is full, a folder that may not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        fix = "free some space"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        fix = "check its permissions, or set WAREHOUSE_ROOT to a folder of yours"
    else:
        fix = "check WAREHOUSE_ROOT"
    what = error.strerror or " ".join(str(error).split())
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what}; {fix}. What was finished is kept: run the same command again"
