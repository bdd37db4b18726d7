"""How far a run is: counts, rate, time left, cost; as lines, or as a bar on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingestion.sampling.journal.records import Answered, Settled
from warehouse.tell import Tell


@dataclass
class RunProgress:
    """Counts of a run, over all its partitions.

    Attributes:
        n_total: samples that were missing when the run began.
        n_done: samples drawn by the run.
        n_errors: samples of the run that ended in an error.
        cost_usd: what they cost, as far as known.
        has_unknown_cost: whether some of the cost is not known.
    """

    n_total: int = 0
    n_done: int = 0
    n_errors: int = 0
    cost_usd: float = 0.0
    has_unknown_cost: bool = False
    started_at: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Settled samples per second."""
        return (self.n_done + self.n_errors) / max(time.monotonic() - self.started_at, 1e-9)

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left at this rate; None before anything is known."""
        settled = self.n_done + self.n_errors
        return (self.n_total - settled) / self.rate if settled else None

    def line(self) -> str:
        """The counts in words."""
        parts = [f"{self.n_done:,} of {self.n_total:,} samples", f"{self.rate:.1f}/s"]
        if self.eta_s is not None and self.n_done + self.n_errors < self.n_total:
            parts.append(f"{duration(self.eta_s)} left")
        parts.append(f"${self.cost_usd:.4f}" + (" and some unknown" if self.has_unknown_cost else ""))
        parts += [f"{self.n_errors:,} errors"] if self.n_errors else []
        return ", ".join(parts)


Watcher = Callable[[RunProgress], None]
"""Called whenever counts have changed; must be quick."""


@dataclass
class Tally:
    """What a partition's run has drawn, which also counts for the run as a whole.

    Attributes:
        run: counts over all partitions.
        watch: told when they have changed.
        n_drawn: samples.
        n_errors: samples that ended in an error.
        cost_usd: what they cost, as far as known.
    """

    run: RunProgress
    watch: Watcher
    n_drawn: int = 0
    n_errors: int = 0
    cost_usd: float = 0.0

    def add(self, record: Settled) -> None:
        """A record is on disk."""
        self.run.has_unknown_cost |= record.uncertain_usd > 0
        if isinstance(record, Answered):
            self.add_drawn([record.cost_usd])
        else:
            self.add_errors(1)

    def add_drawn(self, costs_usd: Sequence[float | None]) -> None:
        """Samples are there, which cost so much each; None where that is unknown."""
        cost = sum(one or 0.0 for one in costs_usd)
        self.n_drawn += len(costs_usd)
        self.cost_usd += cost
        self.run.n_done += len(costs_usd)
        self.run.cost_usd += cost
        self.run.has_unknown_cost |= None in costs_usd
        self.watch(self.run)

    def add_errors(self, n_errors: int) -> None:
        """So many samples ended in an error."""
        self.n_errors += n_errors
        self.run.n_errors += n_errors
        self.watch(self.run)


def every(seconds: float, tell: Tell) -> Watcher:
    """A watcher that tells a line every so many seconds."""
    last = time.monotonic()

    def watch(progress: RunProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            tell(progress.line())

    return watch


@contextmanager
def terminal_bar() -> Iterator[tuple[Watcher, Tell]]:
    """A progress bar with rate, time left and cost, and a way to print lines above it; on standard error."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.percentage:>3.0f} %"), BarColumn(), TextColumn("{task.fields[counts]}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sampling", total=None, counts="")

        def watch(progress: RunProgress) -> None:
            bar.update(
                task, completed=progress.n_done + progress.n_errors, total=progress.n_total, counts=progress.line()
            )

        yield watch, lambda line: bar.console.print(escape(line), highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
