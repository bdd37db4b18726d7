"""Tasks: where items come from. To add a kind, write a loader and list it in `LOADERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingestion.sampling.questions.contexts import choose
from ingestion.sampling.questions.gpqa import load_gpqa
from ingestion.sampling.questions.inspect_items import load_inspect
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.questions.mmlu import load_mmlu
from ingestion.sampling.questions.mwe import load_mwe
from ingestion.sampling.questions.own import load_own
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import TaskSpec, task_name
from warehouse.layout import Layout

Loader = Callable[[Any, ExperimentSpec, Layout], Task]
"""(task of the spec, the spec, the warehouse) → the task with all its items."""


def _chain_arithmetic(task: Any, spec: ExperimentSpec, layout: Layout) -> Task:
    from ingestion.sampling.providers.local import load_chain_arithmetic

    return load_chain_arithmetic(task, spec)


LOADERS: dict[str, Loader] = {
    "own": load_own,
    "gpqa": load_gpqa,
    "mmlu": load_mmlu,
    "mwe": load_mwe,
    "chain_arithmetic": _chain_arithmetic,
    "inspect": load_inspect,
}
"""Loader by kind of task."""


def load_task(task: TaskSpec, spec: ExperimentSpec, layout: Layout) -> Task:
    """The items of a task, as many as the spec asks for, in order of their ids.

    Few-shot examples come from all items of the source, so that taking more items later leaves contexts as they are.

    Raises:
        TaskError: if the items cannot be had, or two share an id.
    """
    loaded = LOADERS[str(getattr(task, "kind", ""))](task, spec, layout)
    seen: set[str] = set()
    for item in loaded.items:
        if item.item_id in seen:
            raise TaskError(f"task {loaded.name}: item id {item.item_id!r} is used twice; give each item its own")
        seen.add(item.item_id)
    if not loaded.items:
        raise TaskError(f"task {loaded.name}: has no items")
    chosen = sorted(choose(loaded.items, task.n_items, spec.seed), key=lambda item: item.item_id)
    return replace(loaded, name=task_name(task), items=chosen, pools=loaded.pools or _own_pools(loaded))


def _own_pools(task: Task) -> dict[str, list[Item]]:
    pools: dict[str, list[Item]] = {}
    for item in task.items:
        pools.setdefault(item.pool, []).append(item)
    return pools
