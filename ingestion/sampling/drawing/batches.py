"""Drawing through a batch API: submit, wait, collect; a restart picks up what was submitted.

What will be submitted is written down first (`batch_book`), so that a run that is killed between the submission and its
answer looks for the batch instead of paying for it again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from ingestion.sampling.drawing.budget import counted_usd
from ingestion.sampling.drawing.drawing import Drawing
from ingestion.sampling.drawing.pace import backoff
from ingestion.sampling.journal.batch_book import Book, OpenBatch
from ingestion.sampling.journal.records import Settled
from ingestion.sampling.plans.partitions import Planned
from ingestion.sampling.plans.prices import expected_input_tokens
from ingestion.sampling.providers.base import BatchFailedError, FatalError, ProviderError, RejectedError
from ingestion.sampling.providers.batch_apis import BatchApi, BatchResult
from ingestion.sampling.providers.wire import InvalidResponseError
from warehouse.tell import Tell

BATCH_BYTES = 100_000_000
"""Prompts of a batch are not much larger than this together: OpenAI takes files up to 200 MB, Anthropic 256 MB."""


class BatchDrawing:
    """A partition that is drawn through a batch API.

    Args:
        drawing: the partition.
        api: the batch side of its provider.
        folder: its folder.
        tell: takes a line for people now and then.
    """

    def __init__(self, drawing: Drawing, api: BatchApi, folder: Path, tell: Tell) -> None:
        self._drawing = drawing
        self._api = api
        self._book = Book(folder)
        self._tell = tell
        self._limits = drawing.limits
        self._done = drawing.held.done
        for batch in self._book.open.values():  # of an earlier run, and in flight all the same
            planned = [one for one in self._planned(batch) if one is not None]
            batch.most_usd = sum(map(drawing.most_usd_of, planned))
            drawing.budget.hold(batch.most_usd, len(batch.samples))

    async def run(self) -> None:
        """Collect what was submitted before, then submit what is missing, wait and collect; several rounds of failures
        are submitted again, and after the last one recorded.

        A cancellation leaves the batches with the provider; the next run collects them.
        """
        try:
            await self._run()
        finally:
            for batch in self._book.open.values():  # it stays with the provider, and may come to that
                self._drawing.budget.settle(batch.most_usd, batch.most_usd, len(batch.samples))

    async def _run(self) -> None:
        stop = self._drawing.stop
        rounds = failures = 0
        while rounds < self._limits.attempts and stop.reason is None:
            try:
                await self._find_lost()
                is_everything = await self._submit_missing()
                if not self._book.open:
                    break
                rounds += is_everything  # what the budget holds back has not been tried
                await self._collect_all(is_last=rounds == self._limits.attempts)
                failures = 0
            except (FatalError, RejectedError) as error:
                stop.because(str(error), is_failure=True, needs_person=True)
            except ProviderError as error:
                failures += 1
                if failures >= self._limits.attempts:
                    stop.because(f"{error}; what was submitted is kept, run this again", is_failure=True)
                await asyncio.sleep(backoff(failures, self._limits.backoff_s))

    async def _find_lost(self) -> None:
        for batch in [batch for batch in self._book.open.values() if batch.batch_id is None]:
            for batch_id in await self._api.find(batch.key, batch.intended_at, len(batch.samples)):
                if batch_id not in self._book.known_ids and await self._is(batch, batch_id):
                    self._book.submitted(batch, batch_id)
                    break
            else:
                self._lost(batch, "never submitted")

    async def _is(self, batch: OpenBatch, batch_id: str) -> bool:
        try:
            while not await self._api.has_ended(batch_id):
                await asyncio.sleep(self._limits.batch_poll_s)
        except BatchFailedError:  # whosever it was, nothing of it was answered
            return False
        async for result in self._api.results(batch_id):
            return result.custom_id.startswith(f"{batch.key}-")
        return False

    async def _submit_missing(self) -> bool:
        """Submit what is missing and not submitted; False if the budget holds some of it back."""
        drawing, partition = self._drawing, self._drawing.terms.partition
        submitted = {partition.index(p) for batch in self._book.open.values() for p in self._planned(batch) if p}
        missing = (planned for planned in drawing.missing() if partition.index(planned) not in submitted)
        while True:
            batch = drawing.next_batch(missing, BATCH_BYTES)
            if batch.planned:
                await self._submit(batch.planned, batch.most_usd)
            if batch.is_cut_short:
                if not self._book.open:
                    drawing.stop_for_budget(drawing.most_usd(1000))
                return False
            if not batch.planned:
                return True

    async def _submit(self, chunk: list[Planned], most: float) -> None:
        partition = self._drawing.terms.partition
        samples = [partition.identity(planned) for planned in chunk]
        batch = OpenBatch(uuid.uuid4().hex[:16], datetime.now(UTC), samples, most_usd=most)
        requests = [(f"{batch.key}-{number}", partition.request(planned)) for number, planned in enumerate(chunk)]
        self._book.intend(batch)
        try:
            batch_id = await self._api.submit(batch.key, requests)
        except (FatalError, RejectedError):
            self._lost(batch, "never submitted")
            raise
        self._book.submitted(batch, batch_id)
        self._tell(f"submitted batch {batch_id}: {len(chunk):,} requests")

    async def _collect_all(self, *, is_last: bool) -> None:
        failures = 0
        while self._book.open:
            for batch in list(self._book.open.values()):
                try:
                    if await self._api.has_ended(str(batch.batch_id)):
                        await self._collect(batch, is_last=is_last)
                        failures = 0
                except BatchFailedError:
                    self._lost(batch, "failed")
                    raise
                except (FatalError, RejectedError):
                    raise
                except ProviderError as error:
                    failures += 1
                    if failures >= 10 * self._limits.attempts:
                        raise
                    self._tell(f"batch {batch.batch_id}: {error}; looking again")
            if self._book.open:
                await asyncio.sleep(self._limits.batch_poll_s)

    async def _collect(self, batch: OpenBatch, *, is_last: bool) -> None:
        drawing = self._drawing
        planned_of = self._planned(batch)
        spent = 0.0
        async for group in _grouped(self._api.results(str(batch.batch_id)), 256):
            records: list[Settled] = []
            for result in group:
                planned = planned_of[int(result.custom_id.rpartition("-")[2])]
                if planned is None or self._is_done(planned):
                    continue  # no longer planned, or collected before a restart
                record = self._record(planned, result, is_last=is_last)
                if record is not None:
                    self._done[drawing.terms.partition.index(planned)] = 1
                    records.append(record)
                    spent += counted_usd(record)
            await drawing.keep(*records)
        if is_last:  # a batch that failed as a whole has no results at all
            for planned in planned_of:
                if planned is not None and not self._is_done(planned):
                    seed = drawing.terms.partition.request(planned).seed
                    await drawing.keep(drawing.terms.failed(planned, seed, "the batch gave no result"))
        self._book.close(batch, "collected")
        drawing.budget.settle(batch.most_usd, spent, len(batch.samples))

    def _lost(self, batch: OpenBatch, event: str) -> None:
        """Nothing of a batch was answered."""
        self._book.close(batch, event)
        self._drawing.budget.settle(batch.most_usd, 0.0, len(batch.samples))

    def _record(self, planned: Planned, result: BatchResult, *, is_last: bool) -> Settled | None:
        """What becomes of a result; None if it is no answer and will be asked for again."""
        terms = self._drawing.terms
        request = terms.partition.request(planned)
        error = result.error
        if result.response is not None:
            try:
                most = self._drawing.most_usd(expected_input_tokens(request.turns))
                return terms.answered(planned, request.seed, result.response, most_usd=most)
            except InvalidResponseError as invalid:
                error = str(invalid)
        return terms.failed(planned, request.seed, error or "no response") if is_last else None

    def _is_done(self, planned: Planned) -> bool:
        return bool(self._done[self._drawing.terms.partition.index(planned)])

    def _planned(self, batch: OpenBatch) -> list[Planned | None]:
        partition = self._drawing.terms.partition
        return [partition.find(*sample) for sample in batch.samples]


async def _grouped(results: AsyncIterator[BatchResult], size: int) -> AsyncIterator[list[BatchResult]]:
    group: list[BatchResult] = []
    async for result in results:
        group.append(result)
        if len(group) >= size:
            yield group
            group = []
    if group:
        yield group
