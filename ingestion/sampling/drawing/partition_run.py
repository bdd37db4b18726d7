"""One partition's run, from its lock to its Parquet file."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingestion.sampling.drawing.batches import BatchDrawing
from ingestion.sampling.drawing.budget import Budget
from ingestion.sampling.drawing.by_requests import draw_by_requests
from ingestion.sampling.drawing.connection import Connection
from ingestion.sampling.drawing.drawing import Drawing, Stop
from ingestion.sampling.drawing.in_process import draw_in_process
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.run_progress import RunProgress, Tally, Watcher
from ingestion.sampling.drawing.summary import PartitionSummary
from ingestion.sampling.drawing.terms import Terms
from ingestion.sampling.drawing.until_when import UntilWhen
from ingestion.sampling.journal.group_commit import GroupCommit
from ingestion.sampling.journal.records import JOURNAL_VERSION, Header, locked, recover
from ingestion.sampling.journal.to_parquet import Derived, derive
from ingestion.sampling.plans.partitions import Holdings, Partition, folder_of, holdings
from ingestion.sampling.plans.prices import price_of
from ingestion.sampling.providers import AnyProvider, protocol_of
from ingestion.sampling.providers.base import InProcessProvider
from ingestion.sampling.spec.experiment import ExperimentSpec
from warehouse.layout import Layout
from warehouse.tell import Tell


@dataclass(frozen=True)
class RunOfExperiment:
    """What the partitions of a run share.

    Attributes:
        spec: the experiment.
        layout: the warehouse.
        tell: takes a line for people.
        watch: told of every change of the counts.
        providers: used instead of the spec's providers of the same name.
        budget: dollars left, for all partitions together.
        counts: what has been drawn, of all partitions together.
        until_when: asks until when models are there.
        run_id: the run.
        deriving: held while Parquet is written: it is the part of a run that takes memory.
    """

    spec: ExperimentSpec
    layout: Layout
    tell: Tell
    watch: Watcher
    providers: Mapping[str, AnyProvider]
    budget: Budget
    counts: RunProgress
    until_when: UntilWhen
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    deriving: asyncio.Lock = field(default_factory=asyncio.Lock)


class PartitionRun:
    """One partition's run.

    Args:
        part: the partition.
        run: what it shares with the others.
        n_done: samples that were there when the run began.

    Attributes:
        stop: why it stopped before its end, once it has.
    """

    def __init__(self, part: Partition, run: RunOfExperiment, n_done: int) -> None:
        self.part = part
        self.stop = Stop()
        self._run = run
        self._n_done = n_done
        self._folder = folder_of(part, run.layout)
        self._tally = Tally(run.counts, run.watch)

    @property
    def name(self) -> str:
        """The partition's name in messages."""
        return "/".join(self.part.key)

    async def draw(self, connection: Connection, pace: Pace) -> PartitionSummary:
        """Draw what is missing, and derive Parquet from what there is then, also when interrupted.

        Raises:
            JournalError: if another sampler works on the partition.
        """
        with locked(self._folder):
            await asyncio.to_thread(recover, self._folder)
            held = await asyncio.to_thread(holdings, self.part, self._folder)
            derived: Derived | None = None
            try:
                if held.n_done < self.part.n_planned:
                    await self._draw_missing(held, connection.to(self.part), pace)
            finally:
                async with self._run.deriving:
                    derived = await asyncio.to_thread(derive, self._run.layout, self._folder)
            self._n_done = held.n_done + self._tally.n_drawn
            return self._summary(self.stop.reason, derived)

    def not_begun(self) -> PartitionSummary:
        """The summary of a partition that is left out, since another one of its provider has stopped."""
        is_missing = self._n_done < self.part.n_planned
        return self._summary("not begun, since another partition of its provider has stopped" if is_missing else None)

    async def _draw_missing(self, held: Holdings, provider: AnyProvider, pace: Pace) -> None:
        spec, part = self._run.spec, self.part
        await self._run.until_when.look(provider, part.model.request_name)
        settings = spec.provider(part.model.provider)
        price = price_of(part.model, settings)
        terms = Terms(part, self._run.run_id, protocol_of(settings), provider.takes_seed, price, settings.batch)
        journal = GroupCommit(self._folder, self._header(settings.kind))
        drawing = Drawing(terms, held, journal, spec.limits, pace, self._run.budget, self._tally, self.stop)
        run_status = "cancelled"
        try:
            if isinstance(provider, InProcessProvider):
                await draw_in_process(drawing, provider)
            elif settings.batch:
                from ingestion.sampling.providers.batch_apis import batch_api

                await BatchDrawing(drawing, batch_api(provider), self._folder, self._run.tell).run()
            else:
                await draw_by_requests(drawing, provider)
            if self.stop.reason is None:
                run_status = "success"
            elif self.stop.is_failure:
                run_status = "error"
        finally:
            await journal.close(run_status)

    def _header(self, provider_kind: str) -> Header:
        part = self.part
        return Header(
            version=JOURNAL_VERSION,
            **part.key.columns,
            prompt_format=part.condition.prompt_format,
            experiment=part.experiment,
            started_at=datetime.now(UTC),
            model=part.model_row(provider_kind),
            condition=part.condition.row,
            temperature=part.condition.temperature,
        )

    def _summary(self, stopped: str | None, derived: Derived | None = None) -> PartitionSummary:
        return PartitionSummary(
            key=self.part.key,
            condition_label=self.part.condition.label,
            n_planned=self.part.n_planned,
            n_drawn=self._tally.n_drawn,
            n_done=self._n_done,
            n_errors=self._tally.n_errors,
            cost_usd=self._tally.cost_usd,
            stopped=stopped,
            path=derived.path if derived else None,
            n_by_status=derived.n_by_status if derived else {},
            n_cut_off=derived.n_cut_off if derived else 0,
        )
