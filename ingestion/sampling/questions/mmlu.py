"""MMLU (Hendrycks et al. 2021): multiple-choice questions in 57 subjects. Few-shot examples come from the subject's own
development and validation questions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingestion.sampling.questions.contexts import choose
from ingestion.sampling.questions.download import HUB, fetch
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import MmluTask, task_name
from warehouse.layout import Layout

_SPLITS = {"test": "test", "dev": "dev", "validation": "val"}
"""The hub's name of a split, and the name in the original archive."""


def load_mmlu(task: MmluTask, spec: ExperimentSpec, layout: Layout) -> Task:
    """`n_per_subject` test items of each subject, chosen by seed.

    Raises:
        TaskError: if the files cannot be had, or a subject is unknown.
    """
    folder = spec.resolve(task.path) if task.path else _download(layout.download("mmlu"))
    items: list[Item] = []
    pools: dict[str, list[Item]] = {}
    tests = _by_subject(folder, "test")
    for subject in task.subjects or sorted(tests):
        if subject not in tests:
            raise TaskError(
                f"task {task_name(task)}: subject {subject!r} is unknown; there are {', '.join(sorted(tests))}"
            )
        items += choose(tests[subject], task.n_per_subject, spec.seed)
    for split in ("dev", "validation"):
        for subject, examples in _by_subject(folder, split).items():
            pools.setdefault(subject, []).extend(examples)
    return Task(task_name(task), items, pools)


def _download(folder: Path) -> Path:
    for split in _SPLITS:
        name = f"{split}-00000-of-00001.parquet"
        fetch(
            f"{HUB}/cais/mmlu/resolve/main/all/{name}",
            folder / name,
            advice="get people.eecs.berkeley.edu/~hendrycks/data.tar, unpack it, and name its folder in path",
        )
    return folder


def _by_subject(folder: Path, split: str) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for subject, row in _rows(folder, split):
        number = len(found.setdefault(subject, []))
        found[subject].append(
            _item(f"{subject}-{split}-{number:04d}" if split != "test" else f"{subject}-{number:04d}", subject, row)
        )
    if not found and split == "test":
        raise TaskError(
            f"{folder}: has neither test/<subject>_test.csv nor test-00000-of-00001.parquet; name MMLU's folder in path"
        )
    return found


def _rows(folder: Path, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(subject, question + choices + answer as a place) from the hub's Parquet or the original CSV files."""
    parquet = next((path for path in sorted(folder.rglob(f"{split}-*.parquet"))), None)
    if parquet is not None:
        for row in pq.read_table(parquet, columns=["subject", "question", "choices", "answer"]).to_pylist():
            yield row["subject"], row
        return
    short = _SPLITS[split]
    for path in sorted(folder.rglob(f"*_{short}.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            for line, row in enumerate(csv.reader(handle), 1):
                if len(row) != 6 or row[5] not in "ABCD":
                    raise TaskError(f"{path}, line {line}: is not question, four options and a letter A to D")
                answer = {"question": row[0], "choices": row[1:5], "answer": "ABCD".index(row[5])}
                yield path.stem.removesuffix(f"_{short}"), answer


def _item(item_id: str, subject: str, row: dict[str, Any]) -> Item:
    choices = tuple(str(choice) for choice in row["choices"])
    return Item(
        item_id=item_id,
        question=row["question"],
        choices=choices,
        target_index=row["answer"],
        target_text=choices[row["answer"]],
        subject=subject,
        pool=subject,
    )
