"""The budget of an experiment, over all its runs and over the processes that draw its partitions at the same time.

Journals are the only books: what other partitions have cost is read from them, again every few seconds, because another
process may be drawing there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from ingestion.sampling.journal.records import (
    Answered,
    Seen,
    SeenAnswer,
    SeenFailure,
    Settled,
    read_segment,
    segments,
)

REFRESH_S = 2.0
"""Seconds between looks at what others spend. So much of their spending, and what they have in flight, is not seen."""

_ROUNDING = 1e-9
"""US dollars by which sums of many numbers may be off."""


class Budget:
    """US dollars that may still be spent. Requests in flight are counted at the most that they can cost.

    Args:
        limit: dollars; None for no limit.
        spent: what this run's partitions have cost before.
        elsewhere: tells what the experiment's other partitions have cost.
    """

    def __init__(self, limit: float | None, spent: float = 0.0, elsewhere: Callable[[], float] = lambda: 0.0) -> None:
        self.limit = limit
        self._own = spent
        self._elsewhere = elsewhere
        self._others = elsewhere() if limit is not None else 0.0
        self._looked_at = time.monotonic()
        self._reserved = 0.0
        self._n_reserved = 0

    @property
    def spent(self) -> float:
        """What has been spent, as far as known."""
        return self._own + self._others

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight that might still free something."""
        return self._n_reserved == 0

    def reserve(self, most: float) -> bool:
        """Set aside what a request can cost at most; False if there is not so much left."""
        if self.limit is not None:
            if time.monotonic() - self._looked_at > REFRESH_S:
                self._others, self._looked_at = self._elsewhere(), time.monotonic()
            if most > 0 and self.spent + self._reserved + most > self.limit + _ROUNDING:
                return False
        self.hold(most)
        return True

    def hold(self, most: float, n_requests: int = 1) -> None:
        """Set aside what requests can cost at most that are in flight in any case."""
        self._reserved += most
        self._n_reserved += n_requests

    def settle(self, most: float, cost: float | None, n_requests: int = 1) -> None:
        """Put what it did cost in place of what was set aside."""
        self._n_reserved -= n_requests
        self._reserved = self._reserved - most if self._n_reserved else 0.0
        self._own += cost or 0.0


class Hold:
    """What the budget has set aside for one sample, which may take several tries.

    Args:
        budget: the budget.
        most: the most that a try can cost.
    """

    def __init__(self, budget: Budget, most: float) -> None:
        self.most = most
        self._budget = budget
        self._n_tries = 0

    def one_more(self) -> bool:
        """Set aside what a try can cost; False if there is not so much left."""
        is_held = self._budget.reserve(self.most)
        self._n_tries += is_held
        return is_held

    def settle(self, cost: float) -> None:
        """Put what all tries did cost in place of it."""
        self._budget.settle(self._n_tries * self.most, cost, self._n_tries)


def counted_usd(record: Settled | SeenAnswer | SeenFailure) -> float:
    """What a settled request takes from the budget: what it cost, and what may have been paid besides."""
    cost = record.cost_usd if isinstance(record, Answered | SeenAnswer) else None
    return (cost or 0.0) + record.uncertain_usd


class SpentElsewhere:
    """What partitions have cost by their journals; only what is new is read.

    Args:
        folders: the partitions' journals.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)
        self._closed: dict[Path, float] = {}
        self._open: dict[Path, tuple[int, float]] = {}
        self._decoder: msgspec.json.Decoder[SeenAnswer | SeenFailure] = msgspec.json.Decoder(SeenAnswer | SeenFailure)

    def __call__(self) -> float:
        """US dollars, as far as known."""
        return sum(self._segment(segment) for folder in self._folders for segment in segments(folder))

    def _segment(self, path: Path) -> float:
        if path.suffix != ".zst":
            return self._tail(path)
        if path not in self._closed:
            settled = (record for record in read_segment(path, Seen) if isinstance(record, SeenAnswer | SeenFailure))
            self._closed[path] = sum(map(counted_usd, settled))
        return self._closed[path]

    def _tail(self, path: Path) -> float:
        offset, spent = self._open.get(path, (0, 0.0))
        try:
            with path.open("rb") as handle:
                handle.seek(offset)
                *lines, _ = handle.read().split(b"\n")
        except FileNotFoundError:  # closed between the listing and the reading; counted the next time
            return spent
        for line in lines:
            offset += len(line) + 1
            try:
                spent += counted_usd(self._decoder.decode(line))
            except (msgspec.ValidationError, msgspec.DecodeError):  # a header, an end
                continue
        self._open[path] = (offset, spent)
        return spent
