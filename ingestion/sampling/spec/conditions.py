"""Conditions: what is held fixed while repeating, its id, and its row of `raw.conditions`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ingestion.sampling.spec.engines import is_run_by_inspect
from ingestion.sampling.spec.epochs import EpochsUntil
from ingestion.sampling.spec.experiment import ConditionSpec, ExperimentSpec, ModelSpec, several
from ingestion.sampling.spec.tasks import InspectTask, TaskSpec, task_name
from warehouse.keys import canonical_json, condition_id
from warehouse.secrets import without_secrets

AGENT = "agent"
"""The prompt format of partitions that Inspect runs; the one in the warehouse follows from their logs."""


_BEGINNING = 40


@dataclass(frozen=True)
class Condition:
    """One condition: one prompt format and one reasoning budget of a `ConditionSpec`.

    Attributes:
        prompt_format: choice, probability or open_ended.
        reasoning: effort, or a number of thinking tokens; None is the provider's default.
        n_shots: few-shot examples in the prompt.
        temperature: sampling temperature; None is the provider's default.
        top_p: nucleus sampling threshold.
        top_k: top-k sampling cut-off.
        max_tokens: limit on output tokens.
        system: system prompt.
        extra_body: further fields of the request.
        prompt_version: which wording of the prompts; other words make another condition.
        task: what a task of Inspect holds fixed; empty where samples are drawn here.
    """

    prompt_format: str
    reasoning: str | int | None = None
    n_shots: int = 0
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    system: str | None = None
    extra_body: dict[str, Any] = field(default_factory=dict)
    prompt_version: str = ""
    task: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that can change an answer. Two conditions are one only if all of it is equal."""
        values = {
            "reasoning": self.reasoning,
            "n_shots": self.n_shots,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "max_tokens": self.max_tokens,
            "system": self.system,
            "extra_body": self.extra_body or None,
            "prompt_version": self.prompt_version,
            "task": {name: told for name, told in self.task.items() if told is not None} or None,
        }
        return {name: _number(value) for name, value in values.items() if value is not None}

    @property
    def condition_id(self) -> str:
        """Id of the condition."""
        return condition_id(self.prompt_format, self.settings)

    @property
    def label(self) -> str:
        """The settings in words."""
        parts = [self.prompt_format.replace("_", "-")]
        if self.reasoning is not None:
            parts.append(f"{'thinking' if isinstance(self.reasoning, int) else 'effort'} {self.reasoning}")
        if not self.task:
            parts.append(f"{self.n_shots}-shot")
        for value, word in (
            (self.temperature, "T"),
            (self.top_p, "top-p"),
            (self.top_k, "top-k"),
            (self.max_tokens, "max"),
        ):
            if value is not None:
                parts.append(f"{word} {value}")
        parts += ["own system prompt"] if self.system else []
        return " · ".join(parts + [f"{name} {canonical_json(value)}" for name, value in self.extra_body.items()])

    @property
    def words(self) -> str:
        """The label, with the first words of a system prompt of its own, which tell it from others for people."""
        if not self.system:
            return self.label
        begun = " ".join(without_secrets(self.system).split())
        return f"{self.label}: {begun[:_BEGINNING]}{'…' if len(begun) > _BEGINNING else ''}"

    @property
    def row(self) -> dict[str, Any]:
        """The row of `raw.conditions`, without source and times."""
        return {
            "condition_id": self.condition_id,
            "condition_label": self.label,
            "prompt_format": self.prompt_format,
            "reasoning_budget": None if self.reasoning is None else str(self.reasoning),
            "n_shots": self.n_shots,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "max_tokens": self.max_tokens,
            "settings": canonical_json({"prompt_format": self.prompt_format, **self.settings}),
        }


@dataclass(frozen=True)
class Repetition:
    """A condition, and how often each item is repeated under it.

    Attributes:
        condition: what is held fixed.
        n_contexts: few-shot contexts per item.
        epochs: samples per item and context, or from how many to how many, and until when.
        spec: the entry of the spec that it comes from.
    """

    condition: Condition
    n_contexts: int
    epochs: int | EpochsUntil
    spec: ConditionSpec


def repetitions(spec: ExperimentSpec, prompt_version: str) -> Iterator[Repetition]:
    """Every condition of the experiment: entries with lists are multiplied out, in order."""
    for entry in spec.conditions:
        for prompt_format in several(entry.prompt_format):
            for reasoning in several(entry.reasoning):
                yield Repetition(
                    condition=Condition(
                        prompt_format=prompt_format,
                        reasoning=reasoning,
                        n_shots=entry.shots,
                        temperature=entry.temperature,
                        top_p=entry.top_p,
                        top_k=entry.top_k,
                        max_tokens=entry.max_tokens,
                        system=entry.system,
                        extra_body=entry.extra_body,
                        prompt_version=prompt_version,
                    ),
                    n_contexts=entry.contexts or spec.contexts,
                    epochs=entry.epochs or spec.epochs,
                    spec=entry,
                )


def asked_under(spec: ExperimentSpec, task: TaskSpec, prompt_version: str) -> Iterator[tuple[ModelSpec, Repetition]]:
    """Every model and condition that a task is asked under, in the spec's order."""
    name = task_name(task)
    for model in spec.models:
        if (spec.provider(model.provider).kind == "inspect") != is_run_by_inspect(task):
            continue
        under = _of_inspect(spec, task) if isinstance(task, InspectTask) else repetitions(spec, prompt_version)
        for repetition in under:
            only = repetition.spec
            if (only.models is None or model.id in only.models) and (only.tasks is None or name in only.tasks):
                yield model, repetition


def _of_inspect(spec: ExperimentSpec, task: InspectTask) -> Iterator[Repetition]:
    """Conditions of a task that asks in words of its own: formats that differ in nothing else are one."""
    seen: set[str] = set()
    for repetition in repetitions(spec, ""):
        condition = replace(repetition.condition, prompt_format=AGENT, n_shots=0, task=task.held_fixed)
        where = canonical_json([condition.condition_id, repetition.spec.models, repetition.spec.tasks])
        if where not in seen:
            seen.add(where)
            yield replace(repetition, condition=condition, n_contexts=1)


def _number(value: Any) -> Any:
    # 1.0 and 1 are one temperature.
    return int(value) if isinstance(value, float) and value.is_integer() else value
