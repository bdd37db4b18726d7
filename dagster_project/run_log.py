"""Progress lines: into the run's log, and to the terminal when a command started the run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import dagster as dg

ECHO = "INCOHERENCE_ECHO_PROGRESS"


def reporter(context: dg.AssetExecutionContext, subject: str = "") -> Callable[[str], None]:
    """A function that takes one line of progress, and says what it is about if that is given."""

    def report(line: str) -> None:
        line = f"{subject}: {line}" if subject else line
        context.log.info(line)
        if os.environ.get(ECHO):
            sys.stderr.write(f"  {line}\n")
            sys.stderr.flush()

    return report
