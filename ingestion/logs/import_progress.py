"""How far an import is, for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingestion.logs.importer import FileReport
from ingestion.logs.search import Search
from warehouse.layout import Layout

Show = Callable[[FileReport], None]

_TELLING = ("task", "model", "condition")


class Lines:
    """What to say of each file: how it was understood where that is not as in the file before, and one line."""

    def __init__(self) -> None:
        self._before: tuple[str, ...] = ()

    def of(self, report: FileReport) -> str | None:
        """The lines about a file; None for a file that was already there, of which there may be millions."""
        if report.outcome == "unchanged":
            return None
        line = f"{report.path}: {report.message}"
        alike = tuple(text for word, text in report.understood if word in _TELLING)
        if not report.understood or alike == self._before:
            return line
        self._before = alike
        return "\n".join([line, *(f"  {word:<10} {text}" for word, text in report.understood)])


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
        lines = Lines()
        task = bar.add_task("import", total=Search(paths, layout.root, None).count(), counts="")

        def show(report: FileReport) -> None:
            nonlocal n_samples
            n_samples += report.n_samples
            if line := lines.of(report):
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            bar.update(task, advance=1, counts=f"{n_samples:,} samples · {report.path.name}")

        yield show
