"""Tasks in a spec: one class for each kind, told apart by `kind`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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

    @property
    def default_name(self) -> str:
        """The name where none is given."""
        return str(getattr(self, "kind", ""))


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


class InspectTask(TaskSpec):
    """Any task of Inspect, agents among them. Inspect runs it; its models have the provider `inspect`."""

    kind: Literal["inspect"]
    task: Annotated[str, Field(min_length=1, max_length=1_000)]
    """As Inspect takes it: `inspect_evals/swe_bench`, or a file relative to the spec, `tasks/mine.py@my_task`."""
    args: dict[str, Any] = Field(default_factory=dict)
    """The task's arguments."""
    sandbox: Annotated[str, Field(min_length=1)] | None = None
    """Where tools run: `docker`, `docker:compose.yaml`, `local`, …; what the task says if not given."""
    message_limit: Annotated[int, Field(ge=1)] | None = None
    """Most messages of a sample."""
    turn_limit: Annotated[int, Field(ge=1)] | None = None
    """Most calls of the model in a sample."""
    token_limit: Annotated[int, Field(ge=1)] | None = None
    """Most tokens of a sample."""
    time_limit: Annotated[int, Field(ge=1)] | None = None
    """Most seconds of a sample."""
    working_limit: Annotated[int, Field(ge=1)] | None = None
    """Most seconds of a sample, without waiting for others."""
    cost_limit: Annotated[float, Field(gt=0)] | None = None
    """Most US dollars of a sample. With a `budget_usd` it is needed."""
    max_samples: Annotated[int, Field(ge=1)] | None = None
    """Samples at the same time; what Inspect takes if not given."""
    retry_on_error: Annotated[int, Field(ge=0)] = 0
    """Tries more of a sample that fails, before it counts as an error; the next run tries it again in any case."""

    @property
    def default_name(self) -> str:
        """The name that Inspect gives it, as far as `task` tells."""
        file, _, name = self.task.partition("@")
        return name or (Path(file).stem if file.endswith(".py") else file)

    @property
    def held_fixed(self) -> dict[str, Any]:
        """What can change an answer, by the names that Inspect has for it."""
        return {"task": self.task, "task_args": self.args or None, "sandbox": self.sandbox, **self.limits}

    @property
    def limits(self) -> dict[str, Any]:
        """The limits of a sample that are given, by Inspect's names."""
        names = ("message_limit", "turn_limit", "token_limit", "time_limit", "working_limit", "cost_limit")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @field_validator("args")
    @classmethod
    def _no_secret(cls, value: dict[str, Any]) -> dict[str, Any]:
        # Inspect writes them into its logs.
        for name in value:
            if re.search(r"api_?key|secret|password|authorization", name, re.IGNORECASE):
                raise ValueError(
                    f"{name!r} looks like a secret, and arguments are written into logs; use the environment"
                )
        return value


AnyTask = Annotated[
    OwnTask | GpqaTask | MmluTask | MweTask | ChainArithmeticTask | InspectTask,
    Field(discriminator="kind"),
]


TASK_KINDS = ("own", "gpqa", "mmlu", "mwe", "chain_arithmetic", "inspect")
"""Kinds of tasks."""


def task_name(task: TaskSpec) -> str:
    """The task's name in the warehouse."""
    return task.name or task.default_name
