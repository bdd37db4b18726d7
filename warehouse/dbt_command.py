"""`python -P -m warehouse.dbt_command ROOT ARGUMENT…`: dbt on the warehouse at ROOT, whatever the environment names.

The only way to start dbt. A process of its own, because dbt keeps global state; and the one place where dbt's variables
are set, so that whoever starts it, for however many warehouses, changes nothing in its own process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.lifeline import end_when_adopted


def dbt_command(layout: Layout) -> list[str]:
    """The beginning of a command line that runs dbt on a warehouse; dbt's own arguments follow."""
    # -P: the project's own folder `dbt/` must not stand in for the package of that name.
    return [sys.executable, "-P", "-m", __name__, str(layout.root)]


def main(arguments: Sequence[str]) -> None:
    """Run dbt, end as it ends, and with whoever started it."""
    end_when_adopted()
    root, *rest = arguments
    os.environ.update(_environment(Layout(Path(root))))

    from dbt.cli.main import cli

    cli(rest)


def _environment(layout: Layout) -> dict[str, str]:
    return {
        "WAREHOUSE_ROOT": str(layout.root),
        "DBT_PROJECT_DIR": str(DBT_PROJECT_DIR),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DBT_TARGET_PATH": str(layout.dbt_target),
        "DBT_LOG_PATH": str(layout.dbt_logs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
