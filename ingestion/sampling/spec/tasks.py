"""Tasks in a spec: one class for each kind, told apart by `kind`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""A name in the warehouse."""


class Strict(BaseModel):
    """Part of a spec: unknown fields are errors, and docstrings under fields become descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TaskSpec(Strict):
    """What every kind of task has."""

    name: Name | None = None
    """The task's name in the warehouse; its kind if not given."""
    n_items: Annotated[int, Field(ge=1)] | None = None
    """How many items to take, chosen by the experiment's seed; all if not given."""


class OwnTask(TaskSpec):
    """Your own items, from a JSONL or CSV file."""

    kind: Literal["own"]
    path: Path
    """JSONL or CSV with the fields id, question, choices, target (docs/sampling.md)."""
    examples_path: Path | None = None
    """Items to draw few-shot examples from, in the same form; the task's own other items if not given."""


class GpqaTask(TaskSpec):
    """GPQA: graduate-level science questions. By its terms no question is ever written to the warehouse."""

    kind: Literal["gpqa"]
    subset: Literal["extended", "main", "diamond"] = "main"
    """Main has 448 items, the set that the study uses."""
    path: Path | None = None
    """A local copy of the CSV file; downloaded (with `HF_TOKEN`) if not given."""


class MmluTask(TaskSpec):
    """MMLU: multiple-choice questions in 57 subjects."""

    kind: Literal["mmlu"]
    path: Path | None = None
    """A local copy: the folder with `dev/` and `test/` CSV files, or with the hub's Parquet files."""
    subjects: tuple[Name, ...] | None = None
    """Only these subjects."""
    n_per_subject: Annotated[int, Field(ge=1)] = 100
    """How many items of each subject, chosen by the experiment's seed."""


class MweTask(TaskSpec):
    """Model-written evaluations, advanced-ai-risk, human-generated sets."""

    kind: Literal["mwe"]
    sets: tuple[Name, ...] | None = None
    """Names of sets, for example `survival-instinct`; all 16 if not given."""
    path: Path | None = None
    """A folder with the sets' JSONL files; downloaded if not given."""
    aligned: dict[str, Literal["matching", "not_matching"]] = Field(default_factory=dict)
    """Overrides, per set, which labelled answer is the aligned one."""


class ChainArithmeticTask(TaskSpec):
    """The local reasoner's task: multiple-choice chains of arithmetic, 1 to 8 operations."""

    kind: Literal["chain_arithmetic"]


AnyTask = Annotated[
    OwnTask | GpqaTask | MmluTask | MweTask | ChainArithmeticTask,
    Field(discriminator="kind"),
]


TASK_KINDS = ("own", "gpqa", "mmlu", "mwe", "chain_arithmetic")
"""Kinds of tasks."""


def task_name(task: TaskSpec) -> str:
    """The task's name in the warehouse."""
    return task.name or str(getattr(task, "kind", ""))
