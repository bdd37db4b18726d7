"""`python -P -m warehouse.dbt_command ROOT ARGUMENT…`: dbt on the warehouse at ROOT, whatever the environment names.

The only way to start dbt. A process of its own, because dbt keeps global state; and the one place where dbt's variables
are set, so that whoever starts it, for however many warehouses, changes nothing in its own process.

dbt runs in the warehouse's folder and is told of no path outside it, so that what it parsed for one warehouse is right
for every other: a project is parsed once on a machine, not once for each warehouse, which takes ten seconds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import platformdirs

from warehouse.environment import value
from warehouse.freshness import code_fingerprint
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.lifeline import end_when_adopted
from warehouse.parquet import atomic_path

MOST_MEMORY_GIB = 6.0
"""Leaves room below 8 GiB for what Python, dbt and DuckDB hold outside this limit (measured up to 480,000 samples)."""

SAMPLES_AT_ONCE = 500_000
"""Models of single pools are computed for pools with so many samples together: the largest then hold some 4 GiB."""

_KEPT_PARSED_S = 30 * 86_400


def dbt_command(layout: Layout) -> list[str]:
    """The beginning of a command line that runs dbt on a warehouse; dbt's own arguments follow."""
    # -P: the project's own folder `dbt/` must not stand in for the package of that name.
    return [sys.executable, "-P", "-m", __name__, str(layout.root)]


def spark_command(layout: Layout) -> list[str]:
    """The command line that builds every table on Spark and leaves them in the build database."""
    return [sys.executable, "-P", "-m", "warehouse.spark.command", str(layout.root)]


def main(arguments: Sequence[str]) -> None:
    """Run dbt, end as it ends, and with whoever started it."""
    end_when_adopted()
    root, *rest = arguments
    layout = Layout(Path(root).resolve())
    os.chdir(layout.root)
    os.environ.update(environment(layout) | {"BUILD_CODE": build_code(rest)})
    _take_parsed(layout)

    from dbt.cli.main import cli

    try:
        cli(rest)
    finally:
        _keep_parsed(layout)


def build_code(arguments: Sequence[str]) -> str:
    """A hash over what decides, beside the data, what dbt makes of it: the project, versions, and variables given."""
    versions = [version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb")]
    told = [code_fingerprint(DBT_PROJECT_DIR), *versions, *_variables(arguments)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _variables(arguments: Sequence[str]) -> list[str]:
    """What follows `--vars`, in either spelling."""
    given = [value for option, value in pairwise(arguments) if option == "--vars"]
    return given + [argument for argument in arguments if argument.startswith("--vars=")]


def kept_for_any_warehouse(suffix: str) -> Path:
    """Where something that dbt made of the project is kept, for any warehouse of this user.

    Args:
        suffix: what it is: `.msgpack` for the project as dbt parsed it last.
    """
    told = f"{DBT_PROJECT_DIR} {version('dbt-core')} {version('dbt-duckdb')}"
    name = f"dbt-{hashlib.sha256(told.encode()).hexdigest()[:16]}{suffix}"
    return platformdirs.user_cache_path("incoherence-warehouse") / name


def is_told_no_path(layout: Layout) -> bool:
    """Whether dbt's SQL names this warehouse by no path, and so is right for every other."""
    # `connect_build` names the folder in a list with commas between.
    return "," not in str(layout.root)


def _take_parsed(layout: Layout) -> None:
    # dbt compares every file with what it knows, and parses anew what has changed.
    if is_told_no_path(layout) and not layout.dbt_partial_parse.exists():
        layout.dbt_target.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            shutil.copyfile(kept_for_any_warehouse(".msgpack"), layout.dbt_partial_parse)


def _keep_parsed(layout: Layout) -> None:
    if is_told_no_path(layout):
        # A home that cannot be written costs seconds, no more.
        path = kept_for_any_warehouse(".msgpack")
        with suppress(OSError):
            with atomic_path(path) as temporary:
                shutil.copyfile(layout.dbt_partial_parse, temporary)
            _sweep(path.parent)


def _sweep(folder: Path) -> None:
    """Remove what was made of projects that nobody has built with for long: folders and versions that are gone."""
    for path in folder.glob("dbt-*"):
        if time.time() - path.stat().st_mtime > _KEPT_PARSED_S:
            path.unlink()


def _memory() -> str:
    """What DuckDB may hold, as it writes it: at most three quarters of the machine's memory."""
    of_machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{min(MOST_MEMORY_GIB, 0.75 * of_machine):.1f}GiB"


def environment(layout: Layout) -> dict[str, str]:
    """What dbt's project and profile read of one warehouse."""
    return {
        "WAREHOUSE_ROOT": "." if is_told_no_path(layout) else str(layout.root),
        "DBT_PROJECT_DIR": str(DBT_PROJECT_DIR),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "BUILD_MEMORY": value("BUILD_MEMORY") or _memory(),
        "SAMPLES_AT_ONCE": value("SAMPLES_AT_ONCE") or str(SAMPLES_AT_ONCE),
        "DBT_TARGET_PATH": str(layout.dbt_target),
        "DBT_LOG_PATH": str(layout.dbt_logs),
        # Writing every event down takes a tenth of a build; the SQL that was run is in the target folder. Whoever reads
        # what dbt prints, and writes that down, asks for none.
        "DBT_LOG_LEVEL_FILE": value("DBT_LOG_LEVEL_FILE") or "info",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
