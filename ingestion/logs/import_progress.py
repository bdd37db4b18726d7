"""How far an import is, for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingestion.logs.importer import FileReport
from ingestion.logs.search import Search
from warehouse.layout import Layout

Show = Callable[[FileReport], None]


def line_of(report: FileReport) -> str | None:
    """One line about a file; None for a file that was already there, of which there may be millions."""
    return None if report.outcome == "unchanged" else f"{report.path}: {report.message}"


@contextmanager
def terminal_bar(paths: Sequence[Path], layout: Layout) -> Iterator[Show]:
    """A bar over the files with the time left, and the lines about them above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files · {task.fields[counts]}", markup=False),
        TimeRemainingColumn(),
    )
    n_samples = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=Search(paths, layout.root, None).count(), counts="")

        def show(report: FileReport) -> None:
            nonlocal n_samples
            n_samples += report.n_samples
            if line := line_of(report):
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            bar.update(task, advance=1, counts=f"{n_samples:,} samples · {report.path.name}")

        yield show
