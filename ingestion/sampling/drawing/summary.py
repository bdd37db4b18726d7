"""What became of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingestion.sampling.plans.partitions import PartitionKey


@dataclass(frozen=True)
class PartitionSummary:
    """What became of one partition.

    Attributes:
        key: its name.
        condition_label: its condition in words.
        n_planned: samples that it is to have; where epochs follow an interval, as things stand.
        n_drawn: samples that this run drew.
        n_done: samples that are there now.
        n_errors: samples of this run that ended in an error; the next run asks again.
        cost_usd: what this run's samples cost, as far as known.
        stopped: why it stopped before its end; None if it came to it.
        path: its Parquet file; None if there is no sample yet.
        n_by_status: rows of that file by status.
        n_cut_off: rows of that file whose completion was cut off at a limit on its length.
        tokens: of all samples that Inspect ran, read and written, as far as reported.
        looked_at: where epochs follow an interval: how many it has, and why.
    """

    key: PartitionKey
    condition_label: str
    n_planned: int
    n_drawn: int
    n_done: int
    n_errors: int
    cost_usd: float
    stopped: str | None
    path: Path | None
    n_by_status: dict[str, int]
    n_cut_off: int
    tokens: tuple[int, int] = (0, 0)
    looked_at: str | None = None

    @property
    def n_missing(self) -> int:
        """Samples that are still to be drawn."""
        return self.n_planned - self.n_done


@dataclass(frozen=True)
class SampleSummary:
    """What became of a run.

    Attributes:
        run_id: the run.
        partitions: in the order in which they ended.
    """

    run_id: str
    partitions: tuple[PartitionSummary, ...]

    @property
    def n_drawn(self) -> int:
        """Samples that the run drew."""
        return sum(part.n_drawn for part in self.partitions)

    @property
    def n_errors(self) -> int:
        """Samples of the run that ended in an error."""
        return sum(part.n_errors for part in self.partitions)

    @property
    def n_missing(self) -> int:
        """Samples that are still to be drawn."""
        return sum(part.n_missing for part in self.partitions)

    @property
    def cost_usd(self) -> float:
        """What the run cost, as far as known."""
        return sum(part.cost_usd for part in self.partitions)

    def n_by_status(self) -> dict[str, int]:
        """Rows of the partitions' files by status."""
        counts: dict[str, int] = {}
        for part in self.partitions:
            for status, n in part.n_by_status.items():
                counts[status] = counts.get(status, 0) + n
        return counts

    def lines(self) -> list[str]:
        """What became of the run, for people."""
        counts = ", ".join(f"{n:,} {status}" for status, n in sorted(self.n_by_status().items()))
        drawn = f"{self.n_drawn:,} samples drawn, ${self.cost_usd:.4f}; in the warehouse: {counts or 'none'}"
        looks = [
            f"{part.key.task}, {part.key.model_id}, {part.condition_label}: {part.looked_at}"
            for part in self.partitions
            if part.looked_at
        ]
        return [drawn, *looks, *(f"Note: {warning}" for warning in self.warnings())]

    def warnings(self) -> list[str]:
        """What to know before the numbers are read: pools with completions that were cut off."""
        return [
            f"{part.key.task}, {part.key.model_id}, {part.condition_label}: {part.n_cut_off:,} of "
            f"{sum(part.n_by_status.values()):,} completions were cut off, and are judged by what they hold; "
            "raise max_tokens, which is another condition"
            for part in self.partitions
            if part.n_cut_off
        ]

    @property
    def stopped(self) -> str | None:
        """Why some partition stopped before its end; None if all came to it."""
        return next((part.stopped for part in self.partitions if part.stopped), None)
