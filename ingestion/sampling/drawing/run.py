"""A run of an experiment: what is missing, queued by provider. `queues` draw partitions, `partition_run` draws one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingestion.sampling.drawing.budget import Budget, SpentElsewhere
from ingestion.sampling.drawing.partition_run import RunOfExperiment
from ingestion.sampling.drawing.queues import Queue, draw_side_by_side
from ingestion.sampling.drawing.run_progress import RunProgress, Watcher, every
from ingestion.sampling.drawing.summary import SampleSummary
from ingestion.sampling.drawing.until_when import UntilWhen
from ingestion.sampling.journal.to_parquet import FILE_STEM
from ingestion.sampling.plans.partitions import Partition, PartitionKey, folder_of, holdings, partitions
from ingestion.sampling.plans.prices import price_of
from ingestion.sampling.providers import AnyProvider
from ingestion.sampling.providers.base import Key
from ingestion.sampling.questions.items import Task
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.stopping.decision import Decision, decide
from warehouse.keys import digest
from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.parquet import ensure_empty_files, write_partition
from warehouse.remote.record import fetched_from
from warehouse.tell import Tell, silence


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
    only: Collection[PartitionKey] | None = None,
    report: Tell = silence,
    watch: Watcher | None = None,
    providers: Mapping[str, AnyProvider] | None = None,
) -> SampleSummary:
    """Draw what is missing, and write it to the raw layer. Run it again to go on where it stopped.

    Args:
        spec: the experiment.
        layout: the warehouse.
        only: these partitions; all if not given.
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
    unknown = sorted(set(only or ()) - {part.key for part in every_part})
    if unknown:
        known = ", ".join("/".join(part.key) for part in every_part)
        raise SamplingError(f"the experiment has no partition {'/'.join(unknown[0])}; it has {known}")
    chosen = [part for part in every_part if only is None or part.key in only]
    sweep(layout.root)
    ensure_empty_files(layout)
    for task in {id(part.task): part.task for part in chosen if part.inspect_task is None}.values():
        write_items(task, layout)
    work = _work(spec, layout, every_part, chosen, providers or {})
    budget = Budget(spec.budget_usd, work.spent_usd, SpentElsewhere(work.elsewhere))
    counts = RunProgress(n_total=work.n_missing)
    watcher, until_when = watch or every(10.0, report), UntilWhen(layout, report)
    run = RunOfExperiment(spec, layout, report, watcher, providers or {}, budget, counts, until_when)
    groups: dict[str, list[tuple[Partition, int, Decision]]] = {}
    for part in chosen:
        groups.setdefault(part.model.provider, []).append((part, *work.wanted[part.key]))
    queues = [Queue(name, group, run) for name, group in groups.items()]
    summary = SampleSummary(run.run_id, tuple(draw_side_by_side(queues, report)))
    if failures := [queue.failure for queue in queues if queue.failure is not None]:
        name, stop = failures[0]
        raise SamplingError(f"{name}: {stop.reason}", summary, needs_person=stop.needs_person)
    return summary


@dataclass
class _Work:
    """What lies before a run.

    Attributes:
        wanted: what is wanted of a partition as things stand, and how many samples of it are there.
        n_missing: samples that are to be drawn.
        spent_usd: what the partitions have cost.
        elsewhere: journals of the experiment's other partitions.
    """

    wanted: dict[PartitionKey, tuple[int, Decision]]
    n_missing: int
    spent_usd: float
    elsewhere: list[Path]


def _work(
    spec: ExperimentSpec,
    layout: Layout,
    every_part: Sequence[Partition],
    chosen: Sequence[Partition],
    providers: Mapping[str, AnyProvider],
) -> _Work:
    """Look through the journals, and at what is needed before anybody is asked: not after others have been paid."""
    work = _Work({}, 0, 0.0, [])
    keys = {part.key for part in chosen}
    for part in every_part:
        folder = folder_of(part, layout)
        if part.key not in keys:
            work.elsewhere.append(folder)
            if part.inspect_task is not None and spec.budget_usd is not None:  # it has no journal to be read again
                work.spent_usd += holdings(part, folder).cost_usd
            continue
        held = holdings(part, folder)
        decision = decide(part, held, layout)
        n_wanted = decision.n_epochs * part.n_per_epoch
        n_done = sum(held.done[:n_wanted])
        work.wanted[part.key] = n_done, decision
        work.n_missing += n_wanted - n_done
        work.spent_usd += held.cost_usd + held.uncertain_usd
        if n_done == n_wanted and decision.is_final:
            continue
        if not any(held.done):
            _refuse_fetched(part, layout)
        settings = spec.provider(part.model.provider)
        if part.model.provider not in providers:
            Key(settings)
        if spec.budget_usd is not None and price_of(part.model, settings) is None:
            raise SamplingError(
                f"models: {part.model.id!r} has no known price, and a budget needs one; "
                "give it a price, or drop budget_usd"
            )
    return work


def _refuse_fetched(part: Partition, layout: Layout) -> None:
    """Refuse to pay again for samples that another machine has drawn, and to write over them."""
    path = layout.raw_file("samples", FILE_STEM, part.key.columns)
    if path.is_file() and (address := fetched_from(layout, layout.path_of(path))):
        raise SamplingError(
            f"{'/'.join(part.key)}: its samples were drawn on another machine, and fetched from {address}; go on "
            f"there, or bring its folder {layout.path_of(layout.response_partition(part.key.columns))} here"
        )


def write_items(task: Task, layout: Layout) -> Path:
    """The task's items in the raw layer. The file is named by its content: two samplers write the same one."""
    stem = f"sampler-{digest([[item.item_id, item.digest] for item in task.items])}"
    path = layout.raw_file("items", stem, {"task": task.name})
    if path.exists():
        return path
    origin = {"source": "sampler", "ingested_at": datetime.now(UTC)}
    rows = [row | origin for row in task.item_rows()]
    return write_partition(layout, "items", rows, file_stem=stem, partition={"task": task.name})
