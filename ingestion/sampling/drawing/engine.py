"""The engine: draws what a partition is missing. A completed response is never lost and never paid for twice.

A sample counts when its record is in the journal and the disk has it. The plan is walked lazily, at most `concurrency`
requests are alive at a time, and no response outlives its record, so memory does not depend on the number of samples.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from ingestion.sampling.drawing.budget import Budget
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.terms import Terms, settle
from ingestion.sampling.journal.group_commit import GroupCommit
from ingestion.sampling.journal.records import Answered, Failed
from ingestion.sampling.plans.partitions import Planned, Progress
from ingestion.sampling.plans.prices import (
    expected_input_tokens,
    expected_output_tokens,
    most_output_tokens,
    tokens_cost,
)
from ingestion.sampling.providers.base import FatalError, InProcessProvider, Provider, Request
from ingestion.sampling.spec.experiment import Limits

Settled = Callable[[Answered | Failed], None]
"""Told of every record once it is on disk."""


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


@dataclass
class Drawing:
    """One partition being drawn.

    Attributes:
        terms: what its samples are drawn with.
        progress: what was there before.
        journal: where records go.
        limits: patience.
        pace: concurrency and rate limits of its provider.
        budget: dollars left.
        on_settled: told of every record once it is on disk.
        stop: why it stopped.
    """

    terms: Terms
    progress: Progress
    journal: GroupCommit
    limits: Limits
    pace: Pace
    budget: Budget
    on_settled: Settled
    stop: Stop

    _errors_in_a_row: int = 0

    def missing(self) -> Iterator[Planned]:
        """Planned samples that are not there."""
        done = self.progress.done
        return (planned for number, planned in enumerate(self.terms.partition.planned()) if not done[number])

    async def run(self, provider: Provider) -> None:
        """Draw what is missing, many requests at a time.

        A cancellation lets the requests in flight end, since they are paid for; a second one abandons them.
        """
        running: set[asyncio.Task[None]] = set()
        try:
            for planned in self.missing():
                await self.pace.acquire()
                request = self.terms.partition.request(planned)
                tokens = expected_input_tokens(request.turns)
                most = self.most_usd(tokens)
                while self.stop.reason is None and not self.budget.reserve(most):
                    if self.budget.is_idle:
                        self.stop.because(self.budget_reason(most), is_failure=False)
                    await asyncio.sleep(0.01)
                if self.stop.reason is not None:
                    self.pace.release()
                    break
                task = asyncio.create_task(self._one(provider, planned, request, tokens, most))
                running.add(task)
                task.add_done_callback(running.discard)
        finally:
            if running:
                await asyncio.wait(running)

    async def run_in_process(self, provider: InProcessProvider) -> None:
        """Draw what is missing with a model in this process, a batch at a time.

        The next batch is generated, in a thread of its own, while the last one is written.
        """
        missing = self.missing()

        def begin() -> asyncio.Task[list[Answered]] | None:
            batch = list(islice(missing, provider.batch_size)) if self.stop.reason is None else []
            return asyncio.create_task(self._generate(provider, batch)) if batch else None

        generating = begin()
        while generating is not None:
            records = await generating
            generating = begin()
            try:
                await self.journal.append(*records)
            except BaseException:
                if generating is not None:
                    generating.cancel()
                raise
            for record in records:
                self.count(record)

    async def _generate(self, provider: InProcessProvider, batch: list[Planned]) -> list[Answered]:
        requests = [self.terms.partition.request(planned) for planned in batch]
        answers = await asyncio.to_thread(provider.complete_batch, requests)
        return [
            self.terms.answered(planned, request.seed, answer)
            for planned, request, answer in zip(batch, requests, answers, strict=True)
        ]

    async def _one(self, provider: Provider, planned: Planned, request: Request, tokens: int, most: float) -> None:
        cost: float | None = None
        try:
            record = await settle(
                planned, request, provider, self.pace, self.limits, self.terms, tokens + self._output_tokens
            )
            cost = record.cost_usd if isinstance(record, Answered) else None
            await self.journal.append(record)
            self.count(record)
        except FatalError as error:
            self.stop.because(str(error), is_failure=True, needs_person=True)
        except Exception as error:  # a task's exception would otherwise be lost, and the run go on without its samples
            self.stop.because(f"{type(error).__name__}: {error}", is_failure=True)
        finally:
            self.budget.settle(most, cost)
            self.pace.release()

    def count(self, record: Answered | Failed) -> None:
        """A record is on disk."""
        if isinstance(record, Answered):
            self._errors_in_a_row = 0
        else:
            self._errors_in_a_row += 1
            if self._errors_in_a_row >= self.limits.max_consecutive_errors:
                self.stop.because(
                    f"{self._errors_in_a_row} samples in a row ended in an error, the last one: {record.error}",
                    is_failure=True,
                )
        self.on_settled(record)

    @property
    def _output_tokens(self) -> int:
        return expected_output_tokens(self.terms.partition.condition, self.terms.partition.model)

    def most_usd(self, input_tokens: int) -> float:
        """The most that a request can cost; 0 where there is no budget."""
        if self.budget.limit is None or self.terms.price is None:
            return 0.0
        partition = self.terms.partition
        # An estimate of the prompt can be off by half in languages with short tokens.
        return tokens_cost(
            2 * input_tokens,
            most_output_tokens(partition.condition, partition.model),
            self.terms.price,
            is_batch=self.terms.is_batch,
        )

    def budget_reason(self, most: float) -> str:
        """Why the budget stops the run."""
        return (
            f"budget_usd: ${self.budget.spent:.4f} of ${self.budget.limit:.4f} are spent, and the next request may "
            f"cost up to ${most:.4f}; raise budget_usd, or lower max_tokens"
        )
