"""`python -P -m warehouse.dbt_command ROOT ARGUMENT…`: dbt on the warehouse at ROOT, whatever the environment names.

A process of its own, because dbt keeps global state; and the one place where dbt's variables are set, so that whoever
starts it, for however many warehouses, changes nothing in its own process.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from warehouse.layout import Layout
from warehouse.lifeline import end_with_parent
from warehouse.transform import dbt_environment


def command(layout: Layout) -> list[str]:
    """The beginning of a command line that runs dbt on a warehouse; dbt's own arguments follow."""
    # -P: the project's own folder `dbt/` must not stand in for the package of that name.
    return [sys.executable, "-P", "-m", __name__, str(layout.root)]


def main(arguments: Sequence[str]) -> None:
    """Run dbt and end as it ends."""
    root, *rest = arguments
    parent = os.getppid()
    end_with_parent(lambda: _wait_while(lambda: os.getppid() == parent))
    os.environ.update(dbt_environment(Layout(Path(root))))

    from dbt.cli.main import cli

    cli(rest)


def _wait_while(condition: Callable[[], bool]) -> None:
    while condition():
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1:])
