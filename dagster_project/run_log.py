"""Progress lines: into the run's log, and to the terminal when a command started the run."""

from __future__ import annotations

import sys

import dagster as dg

from warehouse.plain_text import harmless
from warehouse.tell import Tell


def reporter(context: dg.AssetExecutionContext, subject: str = "") -> Tell:
    """A function that takes one line of progress, and says what it is about if that is given.

    For assets that are given the resource `warehouse`, which says whether lines go to the terminal too.
    """
    is_echoed = context.resources.warehouse.echo

    def report(line: str) -> None:
        line = f"{subject}: {line}" if subject else line
        context.log.info(line)
        if is_echoed:
            sys.stderr.write(f"  {harmless(line)}\n")
            sys.stderr.flush()

    return report
