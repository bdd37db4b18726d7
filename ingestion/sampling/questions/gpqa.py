"""GPQA (Rein et al. 2023): multiple-choice questions that experts wrote so that a search does not answer them.

Its authors ask that questions never appear in plain text online, so that models are not trained on them. The raw layer
therefore holds ids, answer positions and difficulty labels, and no text. The order of options is fixed per question by
a hash, so that class A means the same option in every sample, run and experiment.
"""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path

from ingestion.sampling.questions.download import HUB, fetch
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import GpqaTask, task_name
from warehouse.layout import Layout

_CORRECT = "Correct Answer"
_OPTIONS = (_CORRECT, "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_DIFFICULTY = "Writer's Difficulty Estimate"
_NEEDED = ("Record ID", "Question", *_OPTIONS)


def load_gpqa(task: GpqaTask, spec: ExperimentSpec, layout: Layout) -> Task:
    """The items of a GPQA subset.

    Raises:
        TaskError: if the file cannot be had, or is not GPQA's.
    """
    name = f"gpqa_{task.subset}.csv"
    path = (
        spec.resolve(task.path)
        if task.path
        else fetch(
            f"{HUB}/Idavidrein/gpqa/resolve/main/{name}",
            layout.download("gpqa", name),
            advice=f"accept the terms at huggingface.co/datasets/Idavidrein/gpqa, save {name}, and name it in path",
            is_gated=True,
        )
    )
    return Task(task_name(task), read_gpqa(path), is_republishable=False)


def read_gpqa(path: Path) -> list[Item]:
    """Items of GPQA's CSV file.

    Raises:
        TaskError: if the file is not GPQA's.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise TaskError(f"{path}: has no column {missing[0]!r}; use the original CSV file of GPQA")
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: cannot be read: {error}; check the path") from error
    return [_item(row) for row in rows]


def _item(row: dict[str, str]) -> Item:
    record = row["Record ID"].strip()
    options = [row[name].strip() for name in _OPTIONS]
    order = sorted(range(4), key=lambda place: sha256(f"{record}:{_OPTIONS[place]}".encode()).digest())
    choices = tuple(options[place] for place in order)
    target = order.index(0)
    return Item(
        item_id=record,
        question=row["Question"].strip(),
        choices=choices,
        target_index=target,
        target_text=choices[target],
        subject=row.get("High-level domain", "").strip() or None,
        human_difficulty=row.get(_DIFFICULTY, "").strip() or None,
    )
