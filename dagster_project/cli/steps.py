"""How far a command is: a bar with the time left on a terminal, now and then a line elsewhere; on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dagster_project.cli.app import say
from warehouse.plain_text import harmless
from warehouse.tell import TellStep

LINE_EVERY_S = 10.0


@contextmanager
def steps(what: str) -> Iterator[TellStep]:
    """Show the steps of something that takes a while.

    Args:
        what: they do, for people: "Building".
    """
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what, markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[step]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, step="")
        yield lambda step, done, total: bar.update(task, completed=done, total=total, step=harmless(step))


def _lines(what: str) -> TellStep:
    said = time.monotonic()

    def show(step: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_EVERY_S:
            said = time.monotonic()
            say(f"{what}: {done:,} of {total:,}, {step}", err=True)

    return show
