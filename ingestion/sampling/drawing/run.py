"""A run of an experiment: its partitions, provider by provider, each locked, drawn, and derived to Parquet."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ingestion.sampling.drawing.batches import BatchDrawing
from ingestion.sampling.drawing.budget import Budget, SpentElsewhere
from ingestion.sampling.drawing.connection import Connection
from ingestion.sampling.drawing.engine import Drawing, Settled, Stop
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.run_progress import Report, RunProgress, Watcher, every
from ingestion.sampling.drawing.summary import PartitionSummary, SampleSummary
from ingestion.sampling.drawing.terms import Terms
from ingestion.sampling.journal.group_commit import GroupCommit
from ingestion.sampling.journal.records import JOURNAL_VERSION, Answered, Failed, Header, locked, recover
from ingestion.sampling.journal.to_parquet import derive
from ingestion.sampling.plans.partitions import Partition, PartitionKey, Progress, partitions, progress_of
from ingestion.sampling.plans.prices import price_of
from ingestion.sampling.providers import AnyProvider, protocol_of
from ingestion.sampling.providers.base import InProcessProvider, Key, MissingKeyError
from ingestion.sampling.questions.items import Task
from ingestion.sampling.spec.experiment import ExperimentSpec, Price
from warehouse.keys import digest
from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.parquet import ensure_empty_files, write_partition

T = TypeVar("T")


class SamplingError(RuntimeError):
    """Something is wrong, and the run has stopped; what was drawn is kept.

    Attributes:
        summary: what there is; None if nothing was begun.
        needs_person: whether it stays wrong until a person does something: no use in trying again.
    """

    def __init__(self, message: str, summary: SampleSummary | None = None, *, needs_person: bool = True) -> None:
        super().__init__(message)
        self.summary = summary
        self.needs_person = needs_person


def sample(
    spec: ExperimentSpec,
    layout: Layout,
    *,
    partition: PartitionKey | None = None,
    report: Report = lambda line: None,
    watch: Watcher | None = None,
    providers: Mapping[str, AnyProvider] | None = None,
) -> SampleSummary:
    """Draw what is missing, and write it to the raw layer. Run it again to go on where it stopped.

    Args:
        spec: the experiment.
        layout: the warehouse.
        partition: only this one; all if not given.
        report: takes a line for people now and then.
        watch: told of every change of the counts; by default a line every ten seconds goes to `report`.
        providers: used instead of the spec's providers of the same name.

    Raises:
        TaskError: if items cannot be loaded.
        MissingKeyError: if a provider's key is not in the environment.
        JournalError: if another sampler works on a partition.
        SamplingError: if a provider refuses to work, or so many samples fail in a row that something must be wrong.
            Samples that were drawn are kept.
    """
    every_part = partitions(spec, layout)
    chosen = [part for part in every_part if partition is None or part.key == partition]
    if not chosen:
        known = ", ".join("/".join(part.key) for part in every_part)
        raise SamplingError(f"the experiment has no partition {'/'.join(partition or ())}; it has {known}")
    sweep(layout.root)
    ensure_empty_files(layout)
    for task in {id(part.task): part.task for part in chosen}.values():
        write_items(task, layout)
    run = _Run(spec, layout, report, watch or every(10.0, report), providers or {})
    return _in_new_loop(
        run.run(chosen, [part for part in every_part if partition is not None and part.key != partition])
    )


def write_items(task: Task, layout: Layout) -> Path:
    """The task's items in the raw layer. The file is named by its content: two samplers write the same one."""
    stem = f"sampler-{digest([[item.item_id, item.digest] for item in task.items])}"
    path = layout.partition("items", {"task": task.name}) / f"{stem}.parquet"
    if path.exists():
        return path
    origin = {"source": "sampler", "ingested_at": datetime.now(UTC)}
    rows = [row | origin for row in task.item_rows()]
    return write_partition(layout, "items", rows, file_stem=stem, partition={"task": task.name})


class _Run:
    def __init__(
        self,
        spec: ExperimentSpec,
        layout: Layout,
        report: Report,
        watch: Watcher,
        providers: Mapping[str, AnyProvider],
    ) -> None:
        self.run_id = uuid.uuid4().hex[:12]
        self._spec = spec
        self._layout = layout
        self._report = report
        self._watch = watch
        self._given = providers
        self._counts = RunProgress()
        self._summaries: list[PartitionSummary] = []
        self._failure: tuple[str, Stop] | None = None
        self._deriving = asyncio.Lock()
        self._paces: list[Pace] = []
        self._n_done: dict[PartitionKey, int] = {}

    async def run(self, chosen: list[Partition], others: list[Partition]) -> SampleSummary:
        """Draw the partitions: those of one provider one after the other, those of several side by side."""
        spent = 0.0
        for part in chosen:
            have = progress_of(part, self._folder(part))
            spent += have.cost_usd
            self._n_done[part.key] = have.n_done
            self._counts.n_total += part.n_planned - have.n_done
            if have.n_done < part.n_planned:
                self._require_key_and_price(part)
        elsewhere = SpentElsewhere(self._folder(part) for part in others)
        self._budget = Budget(self._spec.budget_usd, spent, elsewhere)
        groups: dict[str, list[Partition]] = {}
        for part in chosen:
            groups.setdefault(part.model.provider, []).append(part)
        results = await self._interruptible(
            asyncio.gather(*(self._group(name, group) for name, group in groups.items()), return_exceptions=True)
        )
        summary = SampleSummary(self.run_id, tuple(self._summaries))
        for result in results:
            if isinstance(result, BaseException):
                raise result
        if self._failure is not None:
            message, stop = self._failure
            raise SamplingError(message, summary, needs_person=stop.needs_person)
        return summary

    def _require_key_and_price(self, part: Partition) -> None:
        """What a partition needs before anybody is asked; not after others have been paid."""
        if part.model.provider not in self._given:
            Key(self._spec.provider(part.model.provider))
        if self._spec.budget_usd is not None and self._price(part) is None:
            raise SamplingError(
                f"models: {part.model.id!r} has no known price, and a budget needs one; "
                "give it a price, or drop budget_usd"
            )

    def _price(self, part: Partition) -> Price | None:
        return price_of(part.model, self._spec.provider(part.model.provider))

    async def _interruptible(self, work: asyncio.Future[T]) -> T:
        """The result of `work`; when interrupted, say what is waited for, and let `work` wind up."""
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            in_flight = sum(pace.in_flight for pace in self._paces)
            what = f"{in_flight} requests in flight, which are paid for" if in_flight else "what is being written"
            self._report(f"interrupted; waiting for {what} (Ctrl-C again does not wait)")
            work.cancel()
            return await work

    async def _group(self, name: str, group: list[Partition]) -> None:
        settings = self._spec.provider(name)
        pace = Pace(settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute)
        self._paces.append(pace)
        connection = Connection(self._spec, name, self._given)
        try:
            for number, part in enumerate(group):
                if not await self._draw(part, connection, pace):
                    self._summaries += [self._not_begun(later) for later in group[number + 1 :]]
                    return
        finally:
            await connection.close()

    async def _draw(self, part: Partition, connection: Connection, pace: Pace) -> bool:
        """Draw one partition; False if the provider's other partitions had better not be tried."""
        folder = self._folder(part)
        with locked(folder):
            await asyncio.to_thread(recover, folder)
            have = await asyncio.to_thread(progress_of, part, folder)
            stop = Stop()
            drawn: list[float] = []
            n_errors = 0

            def settled(record: Answered | Failed) -> None:
                nonlocal n_errors
                if isinstance(record, Answered):
                    drawn.append(record.cost_usd or 0.0)
                    self._counts.n_done += 1
                    self._counts.cost_usd += record.cost_usd or 0.0
                    self._counts.has_unknown_cost |= record.cost_usd is None
                else:
                    n_errors += 1
                    self._counts.n_errors += 1
                self._watch(self._counts)

            try:
                if have.n_done < part.n_planned:
                    await self._ask(part, connection.to(part), folder, have, pace, stop, settled)
            finally:
                async with self._deriving:  # one at a time: it is the part of a run that takes memory
                    derived = await asyncio.to_thread(derive, self._layout, folder)
                self._summaries.append(
                    PartitionSummary(
                        key=part.key,
                        condition_label=part.condition.label,
                        n_planned=part.n_planned,
                        n_drawn=len(drawn),
                        n_done=have.n_done + len(drawn),
                        n_errors=n_errors,
                        cost_usd=sum(drawn),
                        stopped=stop.reason,
                        path=derived.path if derived else None,
                        n_by_status=derived.n_by_status if derived else {},
                    )
                )
        if stop.reason is not None:
            self._report(f"{'/'.join(part.key)}: stopped: {stop.reason}")
        if stop.is_failure:
            self._failure = self._failure or (f"{'/'.join(part.key)}: {stop.reason}", stop)
        return stop.reason is None

    def _not_begun(self, part: Partition) -> PartitionSummary:
        stopped = "not begun, since another partition of its provider has stopped"
        n_done = self._n_done[part.key]
        return PartitionSummary(
            key=part.key,
            condition_label=part.condition.label,
            n_planned=part.n_planned,
            n_drawn=0,
            n_done=n_done,
            n_errors=0,
            cost_usd=0.0,
            stopped=stopped if n_done < part.n_planned else None,
            path=None,
            n_by_status={},
        )

    async def _ask(
        self,
        part: Partition,
        provider: AnyProvider,
        folder: Path,
        have: Progress,
        pace: Pace,
        stop: Stop,
        settled: Settled,
    ) -> None:
        settings = self._spec.provider(part.model.provider)
        terms = Terms(part, self.run_id, protocol_of(settings), provider.takes_seed, self._price(part), settings.batch)
        header = Header(
            version=JOURNAL_VERSION,
            **part.key.columns,
            prompt_format=part.condition.prompt_format,
            experiment=part.experiment,
            started_at=datetime.now(UTC),
            model=part.model_row(settings.kind),
            condition=part.condition.row,
            temperature=part.condition.temperature,
        )
        journal = GroupCommit(folder, header)
        run_status = "cancelled"
        try:
            drawing = Drawing(terms, have, journal, self._spec.limits, pace, self._budget, settled, stop)
            if isinstance(provider, InProcessProvider):
                await drawing.run_in_process(provider)
            elif settings.batch:
                from ingestion.sampling.providers.batch_apis import batch_api

                await BatchDrawing(drawing, batch_api(provider), folder, self._report).run()
            else:
                await drawing.run(provider)
            run_status = "success" if stop.reason is None else "error" if stop.is_failure else "cancelled"
        finally:
            await journal.close(run_status)

    def _folder(self, part: Partition) -> Path:
        return self._layout.response_partition(part.key.columns)


def _in_new_loop(work: Coroutine[None, None, T]) -> T:
    """Run to the end; also from within a running event loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


__all__ = ["MissingKeyError", "PartitionSummary", "SampleSummary", "SamplingError", "sample", "write_items"]
