"""Who runs a task: its samples are drawn here, or Inspect runs it. Models are asked by one of the two as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingestion.sampling.spec.tasks import InspectTask, TaskSpec, task_name


class AskedModel(NamedTuple):
    """What of a model decides who asks it: the kind of its provider, the provider's name, its name in requests."""

    kind: str
    provider: str
    served_as: str | None


def is_run_by_inspect(task: TaskSpec) -> bool:
    """Whether Inspect runs a task, rather than that its samples are drawn here."""
    return isinstance(task, InspectTask)


def engine_problems(tasks: Sequence[TaskSpec], models: Sequence[AskedModel], *, has_budget: bool) -> Iterator[str]:
    """What does not go together, each as "field: value; fix"."""
    asked_by_inspect = {model.kind == "inspect" for model in models}
    for number, task in enumerate(tasks):
        if is_run_by_inspect(task) not in asked_by_inspect:
            fix = "provider: inspect" if is_run_by_inspect(task) else "another provider than inspect"
            yield f"tasks.{number}: {task_name(task)!r} has no model to be asked of; add one with {fix}"
        if has_budget and isinstance(task, InspectTask) and task.cost_limit is None:
            yield (f"tasks.{number}.cost_limit: is missing; with a budget_usd, say what a sample may cost at most")
    run_by_inspect = {is_run_by_inspect(task) for task in tasks}
    for number, model in enumerate(models):
        if (model.kind == "inspect") not in run_by_inspect:
            kind = "kind: inspect" if model.kind == "inspect" else "another kind than inspect"
            yield f"models.{number}.provider: is {model.provider!r}, and no task is asked of it; add one of {kind}"
        if model.kind == "inspect" and model.served_as is not None:
            yield (
                f"models.{number}.served_as: is {model.served_as!r}; drop it, and write Inspect's name of the model as "
                "its id: logs know it by that name"
            )
