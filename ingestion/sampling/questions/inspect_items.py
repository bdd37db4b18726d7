"""The items of a task of Inspect: ids alone, since Inspect asks the questions and its logs bring them."""

from __future__ import annotations

from ingestion.sampling.agents.process import InspectProblemError, list_items
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import InspectTask, task_name
from warehouse.layout import Layout


def load_inspect(task: InspectTask, spec: ExperimentSpec, layout: Layout) -> Task:
    """The task's items, from Inspect in a process of its own, which may download them.

    Raises:
        TaskError: if Inspect cannot load the task.
    """
    try:
        _, ids = list_items(task.task, task.args, spec.folder)
    except InspectProblemError as error:
        raise TaskError(f"task {task_name(task)}: {error}") from error
    return Task(task_name(task), [Item(item_id=str(item), question=str(item)) for item in ids])
