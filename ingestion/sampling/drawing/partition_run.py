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
from ingestion.sampling.stopping.decision import Decision, decide, write_down
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
        n_done: wanted samples that were there when the run began.
        decision: what was wanted then.

    Attributes:
        stop: why it stopped before its end, once it has.
    """

    def __init__(self, part: Partition, run: RunOfExperiment, n_done: int, decision: Decision) -> None:
        self.part = part
        self.stop = Stop()
        self._run = run
        self._n_done = n_done
        self._decision = decision
        self._n_counted = decision.n_epochs * part.n_per_epoch
        self._asked_epochs = 0
        self._derived: Derived | None = None
        self._told = ""
        self._folder = folder_of(part, run.layout)
        self._tally = Tally(run.counts, run.watch)

    @property
    def name(self) -> str:
        """The partition's name in messages."""
        return "/".join(self.part.key)

    @property
    def is_through(self) -> bool:
        """Whether it has been asked for all that it is to have; what failed is asked for again by the next run."""
        return self._asked_epochs >= self._decision.n_epochs

    @property
    def promise(self) -> float:
        """By how much its interval is expected to shrink per further sample; inf before it has been looked at."""
        return self._decision.promise / self.part.n_per_epoch

    async def draw(self, connection: Connection, pace: Pace) -> PartitionSummary:
        """Draw what is missing for now, and derive Parquet from what there is then, also when interrupted.

        Where epochs follow an interval, that is up to the next look at it; the partition is to be drawn again until it
        is through.

        Raises:
            JournalError: if another sampler works on the partition.
        """
        with locked(self._folder):
            await asyncio.to_thread(recover, self._folder)
            held = await self._look()
            try:
                wanted = range(self._asked_epochs * self.part.n_per_epoch, self._n_wanted)
                self._asked_epochs = self._decision.n_epochs
                if sum(held.done[wanted.start : wanted.stop]) < len(wanted):
                    await self._draw_missing(held, wanted, connection.to(self.part), pace)
            finally:
                await self._derive()
            if self.part.until is None:
                self._n_done = held.n_done + self._tally.n_drawn
            else:
                await self._look()
            return self._summary(self.stop.reason)

    def not_begun(self) -> PartitionSummary:
        """The summary of a partition that is left out, since another one of its provider has stopped."""
        how_far = "not gone on with" if self._asked_epochs else "not begun"
        is_missing = self._n_done < self._n_wanted
        return self._summary(f"{how_far}, since another partition of its provider has stopped" if is_missing else None)

    @property
    def _n_wanted(self) -> int:
        return self._decision.n_epochs * self.part.n_per_epoch

    async def _look(self) -> Holdings:
        """Look at what there is, and decide what is wanted."""
        held = await asyncio.to_thread(holdings, self.part, self._folder)
        if self.part.until is None:
            return held
        if held.n_done:  # a killed run may have left its Parquet behind
            await self._derive()
        self._decision = await asyncio.to_thread(decide, self.part, held, self._run.layout)
        write_down(self.part, self._decision, self._run.layout)
        self._n_done = sum(held.done[: self._n_wanted])
        self._run.counts.n_total += max(0, self._n_wanted - self._n_counted)
        self._n_counted = max(self._n_counted, self._n_wanted)
        if (told := self._decision.in_words) is not None and told != self._told:
            self._told = told
            self._run.tell(f"{self.name}: {told}")
        return held

    async def _derive(self) -> None:
        async with self._run.deriving:
            self._derived = await asyncio.to_thread(derive, self._run.layout, self._folder)

    async def _draw_missing(self, held: Holdings, wanted: range, provider: AnyProvider, pace: Pace) -> None:
        spec, part = self._run.spec, self.part
        await self._run.until_when.look(provider, part.model.request_name)
        settings = spec.provider(part.model.provider)
        price = price_of(part.model, settings)
        terms = Terms(part, self._run.run_id, protocol_of(settings), provider.takes_seed, price, settings.batch)
        journal = GroupCommit(self._folder, self._header(settings.kind))
        drawing = Drawing(terms, held, wanted, journal, spec.limits, pace, self._run.budget, self._tally, self.stop)
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

    def _summary(self, stopped: str | None) -> PartitionSummary:
        derived = self._derived
        return PartitionSummary(
            key=self.part.key,
            condition_label=self.part.condition.label,
            n_planned=self._n_wanted,
            n_drawn=self._tally.n_drawn,
            n_done=self._n_done,
            n_errors=self._tally.n_errors,
            cost_usd=self._tally.cost_usd,
            stopped=stopped,
            path=derived.path if derived else None,
            n_by_status=derived.n_by_status if derived else {},
            n_cut_off=derived.n_cut_off if derived else 0,
            looked_at=self._decision.in_words,
        )
