"""A partition being drawn: what is missing, what it may cost, and where records go.

A sample counts when its record is in the journal and the disk has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ingestion.sampling.drawing.budget import Budget
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.run_progress import Tally
from ingestion.sampling.drawing.terms import Terms
from ingestion.sampling.journal.group_commit import GroupCommit
from ingestion.sampling.journal.records import Answered, Settled
from ingestion.sampling.plans.partitions import Holdings, Planned
from ingestion.sampling.plans.prices import expected_input_tokens, most_output_tokens, tokens_cost
from ingestion.sampling.spec.experiment import Limits


@dataclass
class Stop:
    """Why a partition stopped before its end; empty while it runs and when it came to it.

    Attributes:
        reason: for people; None if there is none.
        is_failure: whether something is wrong, rather than a limit reached.
        needs_person: whether it stays wrong until a person does something.
    """

    reason: str | None = None
    is_failure: bool = False
    needs_person: bool = False

    def because(self, reason: str, *, is_failure: bool, needs_person: bool = False) -> None:
        """Stop; the first reason stands."""
        if self.reason is None:
            self.reason, self.is_failure, self.needs_person = reason, is_failure, needs_person


@dataclass(frozen=True)
class Batch:
    """Samples to ask for together.

    Attributes:
        planned: the samples; none where nothing is missing or affordable.
        most_usd: the most that they can cost, which is reserved in the budget.
        is_cut_short: whether the budget holds more of them back.
    """

    planned: list[Planned]
    most_usd: float
    is_cut_short: bool


@dataclass
class Drawing:
    """One partition being drawn, whichever way: one request at a time, in batches, or in this process.

    Attributes:
        terms: what its samples are drawn with.
        held: what was there before.
        wanted: which of the planned samples are to be drawn, by number; those that are there are not.
        journal: where records go.
        limits: patience.
        pace: concurrency and rate limits of its provider.
        budget: dollars left.
        tally: counts what is on disk.
        stop: why it stopped.
    """

    terms: Terms
    held: Holdings
    wanted: range
    journal: GroupCommit
    limits: Limits
    pace: Pace
    budget: Budget
    tally: Tally
    stop: Stop

    _errors_in_a_row: int = 0

    def missing(self) -> Iterator[Planned]:
        """Wanted samples that are not there."""
        done, planned = self.held.done, self.terms.partition.planned()
        return (
            sample
            for number, sample in enumerate(islice(planned, self.wanted.stop))
            if number >= self.wanted.start and not done[number]
        )

    def next_batch(self, missing: Iterator[Planned], max_bytes: int) -> Batch:
        """As many as fit into one batch and as the budget allows, of prompts of not much more than `max_bytes`."""
        total, n_bytes = 0.0, 0
        chunk: list[Planned] = []
        for planned in missing:
            turns = self.terms.partition.request(planned).turns
            most = self.most_usd(expected_input_tokens(turns))
            if not self.budget.reserve(most):
                return Batch(chunk, total, is_cut_short=True)
            total += most
            chunk.append(planned)
            n_bytes += sum(len(turn.text.encode()) for turn in turns)
            if len(chunk) >= self.limits.batch_requests or n_bytes >= max_bytes:
                break
        return Batch(chunk, total, is_cut_short=False)

    async def keep(self, *records: Settled) -> None:
        """Write records down, and count them once the disk has them."""
        await self.journal.append(*records)
        for record in records:
            self._count(record)

    def _count(self, record: Settled) -> None:
        if isinstance(record, Answered):
            self._errors_in_a_row = 0
        else:
            self._errors_in_a_row += 1
            if self._errors_in_a_row >= self.limits.max_consecutive_errors:
                self.stop.because(
                    f"{self._errors_in_a_row} samples in a row ended in an error, the last one: {record.error}",
                    is_failure=True,
                )
        self.tally.add(record)

    def most_usd(self, input_tokens: int) -> float:
        """The most that a request can cost; 0 where the price is unknown, which goes with no budget."""
        if self.terms.price is None:
            return 0.0
        partition = self.terms.partition
        # An estimate of the prompt can be off by half in languages with short tokens.
        return tokens_cost(
            2 * input_tokens,
            most_output_tokens(partition.condition, partition.model),
            self.terms.price,
            is_batch=self.terms.is_batch,
        )

    def most_usd_of(self, planned: Planned) -> float:
        """The most that a planned sample's request can cost."""
        return self.most_usd(expected_input_tokens(self.terms.partition.request(planned).turns))

    def stop_for_budget(self, most: float) -> None:
        """Stop because the next request, which may cost `most`, is more than what is left."""
        budget, at_most = self.budget, ", what nobody told at its most" if self.tally.run.has_unknown_cost else ""
        self.stop.because(
            f"budget_usd: ${budget.spent:.4f} of ${budget.limit:.4f} are spent{at_most}, and the next request "
            f"may cost up to ${most:.4f}; raise budget_usd, or lower max_tokens",
            is_failure=False,
        )
