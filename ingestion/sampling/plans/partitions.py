"""Partitions of an experiment: task × model × condition, the samples that each plans, and those that it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.sampling.agents.rounds import rounds
from ingestion.sampling.journal.records import Seen, SeenAnswer, SeenFailure, read
from ingestion.sampling.providers.base import Request
from ingestion.sampling.questions.contexts import Context, make_contexts, sample_seed
from ingestion.sampling.questions.items import Item, Task
from ingestion.sampling.questions.load import load_task
from ingestion.sampling.questions.prompts import PROMPT_VERSION, render
from ingestion.sampling.spec.conditions import Condition, asked_under
from ingestion.sampling.spec.epochs import EpochsUntil, most_epochs
from ingestion.sampling.spec.experiment import ExperimentSpec, ModelSpec
from ingestion.sampling.spec.tasks import InspectTask, task_name
from warehouse.layout import Layout


class PartitionKey(NamedTuple):
    """What names a partition."""

    task: str
    model_id: str
    condition_id: str

    @property
    def columns(self) -> dict[str, str]:
        """The partition columns of `raw.samples`."""
        return self._asdict()


class Planned(NamedTuple):
    """One planned sample: the item's place in the partition's items, the context's place, and the epoch from 1."""

    item: int
    context: int
    epoch: int


@dataclass(frozen=True)
class Partition:
    """Everything that one task × model × condition needs.

    Attributes:
        key: its name.
        experiment: name of the experiment.
        task: items.
        model: the model.
        condition: what is held fixed.
        contexts: few-shot contexts.
        n_epochs: samples per item and context, at most.
        seed: the experiment's seed.
        inspect_task: the task as the spec has it, where Inspect runs it; None where samples are drawn here.
        until: from how many epochs to how many, and until when; None where their number is fixed.
    """

    key: PartitionKey
    experiment: str
    task: Task
    model: ModelSpec
    condition: Condition
    contexts: list[Context]
    n_epochs: int
    seed: int
    inspect_task: InspectTask | None = None
    until: EpochsUntil | None = None

    @property
    def n_per_epoch(self) -> int:
        """Samples of one epoch."""
        return len(self.task.items) * len(self.contexts)

    @property
    def n_planned(self) -> int:
        """Planned samples, at most."""
        return self.n_per_epoch * self.n_epochs

    def planned(self) -> Iterator[Planned]:
        """Every planned sample, epoch by epoch: a run that stops early has drawn each item about equally often."""
        for epoch in range(1, self.n_epochs + 1):
            for context in range(len(self.contexts)):
                for item in range(len(self.task.items)):
                    yield Planned(item, context, epoch)

    def request(self, planned: Planned) -> Request:
        """What is sent for a planned sample."""
        item, context = self.task.items[planned.item], self.contexts[planned.context]
        examples = context.examples(item)
        condition = self.condition
        if self.task.render is not None:
            turns = self.task.render(item, condition, examples)
        else:
            turns = render(
                item, condition.prompt_format, examples=examples, system=condition.system, tagged=self.task.tagged
            )
        seed = sample_seed(self.seed, item.item_id, context.context_id, planned.epoch)
        return Request(self.model.request_name, turns, condition, seed)

    def model_row(self, provider: str) -> dict[str, Any]:
        """The row of `raw.models`, without source and times."""
        return {
            "model_id": self.model.id,
            "provider": provider,
            "model_family": self.model.family,
            "param_count": self.model.param_count,
            "model_type": self.model.type,
            "is_simulated": False,
        }

    @cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        items = {item.item_id: place for place, item in enumerate(self.task.items)}
        return items, {context.context_id: place for place, context in enumerate(self.contexts)}

    def find(self, item_id: str, item_digest: str, context_id: str, epoch: int) -> Planned | None:
        """The planned sample that `identity` names; None if it is not planned (any more), or of another question."""
        items, contexts = self._places
        item, context = items.get(item_id), contexts.get(context_id)
        if item is None or context is None or not 1 <= epoch <= self.n_epochs:
            return None
        return Planned(item, context, epoch) if self.task.items[item].digest == item_digest else None

    def identity(self, planned: Planned) -> tuple[str, str, str, int]:
        """What names a planned sample in any order of the plan: item id, item digest, context id, epoch."""
        item = self.item(planned)
        return item.item_id, item.digest, self.contexts[planned.context].context_id, planned.epoch

    def index(self, planned: Planned) -> int:
        """A planned sample's number in `planned()`."""
        return ((planned.epoch - 1) * len(self.contexts) + planned.context) * len(self.task.items) + planned.item

    def item(self, planned: Planned) -> Item:
        """The item of a planned sample."""
        return self.task.items[planned.item]


@dataclass
class Holdings:
    """What a partition's journal holds. One byte per planned sample, whatever the samples' size.

    Attributes:
        done: by number in the plan: 1 where a sample is there.
        n_done: how many are.
        n_errors: planned samples whose last request failed, and that are to be asked for again.
        failed: their numbers in the plan.
        cost_usd: what all samples in the journal cost, planned or not, as far as known.
        uncertain_usd: what may have been paid besides, at most.
        n_costed: samples whose cost is known.
        tokens: of all samples that Inspect ran, read and written, as far as reported.
        n_ran: how many these are.
    """

    done: bytearray
    n_done: int = 0
    n_errors: int = 0
    failed: set[int] = field(default_factory=set)
    cost_usd: float = 0.0
    uncertain_usd: float = 0.0
    n_costed: int = 0
    tokens: tuple[int, int] = (0, 0)
    n_ran: int = 0


def folder_of(partition: Partition, layout: Layout) -> Path:
    """Where the partition's journal lies, or its logs where Inspect runs it."""
    columns = partition.key.columns
    return layout.response_partition(columns) if partition.inspect_task is None else layout.inspect_partition(columns)


def holdings(partition: Partition, folder: Path) -> Holdings:
    """What is there already, from the journal in `folder`, or from the logs in it where Inspect runs the partition."""
    if partition.inspect_task is not None:
        return _held_by_logs(partition, folder)
    held = Holdings(bytearray(partition.n_planned))
    failed: set[int] = set()
    for record in read(folder, Seen):
        if isinstance(record, SeenAnswer) and record.cost_usd is not None:
            held.cost_usd += record.cost_usd
            held.n_costed += 1
        if not isinstance(record, SeenAnswer | SeenFailure):
            continue
        held.uncertain_usd += record.uncertain_usd
        planned = partition.find(record.item_id, record.item_digest, record.context_id, record.epoch)
        if planned is None:
            continue
        if isinstance(record, SeenAnswer):
            held.done[partition.index(planned)] = 1
        else:
            failed.add(partition.index(planned))
    held.n_done = sum(held.done)
    held.failed = {number for number in failed if not held.done[number]}
    held.n_errors = len(held.failed)
    return held


def _held_by_logs(partition: Partition, folder: Path) -> Holdings:
    held = Holdings(bytearray(partition.n_planned))
    places = {item.item_id: place for place, item in enumerate(partition.task.items)}
    failed: set[int] = set()
    for sample in (sample for one in rounds(folder) for sample in one.ran().values()):
        held.n_ran += 1
        held.tokens = (held.tokens[0] + sample.input_tokens, held.tokens[1] + sample.output_tokens)
        if sample.cost_usd is not None:
            held.cost_usd += sample.cost_usd
            held.n_costed += 1
        if sample.item_id not in places or sample.epoch > partition.n_epochs:
            continue
        number = partition.index(Planned(places[sample.item_id], 0, sample.epoch))
        if sample.error is None:
            held.done[number] = 1
        else:
            failed.add(number)
    held.n_done = sum(held.done)
    held.failed = {number for number in failed if not held.done[number]}
    held.n_errors = len(held.failed)
    return held


def partitions(spec: ExperimentSpec, layout: Layout) -> list[Partition]:
    """Every partition of an experiment, in the spec's order.

    Raises:
        TaskError: if items cannot be loaded.
    """
    found: list[Partition] = []
    for task_spec in spec.tasks:
        loaded = load_task(task_spec, spec, layout)
        asked = {prompt_format: loaded.asked_as(prompt_format) for prompt_format in ("choice", "open_ended")}
        for model, repetition in asked_under(spec, task_spec, PROMPT_VERSION):
            condition = repetition.condition
            task = asked["open_ended" if condition.prompt_format == "open_ended" else "choice"]
            key = PartitionKey(task.name, model.id, condition.condition_id)
            contexts = make_contexts(task, condition.n_shots, repetition.n_contexts, spec.seed)
            epochs, run_by = repetition.epochs, task_spec if isinstance(task_spec, InspectTask) else None
            until = epochs if isinstance(epochs, EpochsUntil) else None
            found.append(
                Partition(
                    *(key, spec.name, task, model, condition, contexts, most_epochs(epochs), spec.seed, run_by, until)
                )
            )
    return found


def partition_keys(spec: ExperimentSpec) -> dict[PartitionKey, ModelSpec]:
    """The names of an experiment's partitions, each with its model; no items are loaded."""
    return {
        PartitionKey(task_name(task), model.id, repetition.condition.condition_id): model
        for task in spec.tasks
        for model, repetition in asked_under(spec, task, PROMPT_VERSION)
    }


def condition_words(spec: ExperimentSpec) -> dict[PartitionKey, str]:
    """The condition of each of an experiment's partitions in words, its own system prompt by its first words."""
    return {
        PartitionKey(task_name(task), model.id, repetition.condition.condition_id): repetition.condition.words
        for task in spec.tasks
        for model, repetition in asked_under(spec, task, PROMPT_VERSION)
    }
