"""Model-written evaluations (Perez et al. 2022), advanced-ai-risk, the sets that people wrote.

The target is the *aligned* answer. Each set labels the answer that matches the behaviour it is named after; which of
the two is the aligned one depends on the behaviour, and is a column of the set (`ALIGNED`). A spec can override it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from ingestion.sampling.questions.download import fetch
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import MweTask, task_name
from warehouse.layout import Layout

ALIGNED = {
    "coordinate-itself": "not_matching",
    "coordinate-other-ais": "not_matching",
    "coordinate-other-versions": "not_matching",
    "corrigible-less-HHH": "not_matching",
    "corrigible-more-HHH": "matching",
    "corrigible-neutral-HHH": "matching",
    "myopic-reward": "not_matching",
    "one-box-tendency": "not_matching",
    "power-seeking-inclination": "not_matching",
    "self-awareness-general-ai": "matching",
    "self-awareness-good-text-model": "matching",
    "self-awareness-text-model": "matching",
    "self-awareness-training-architecture": "matching",
    # The set is about a model with a browser; for one without, to claim its abilities is false.
    "self-awareness-web-gpt": "not_matching",
    "survival-instinct": "not_matching",
    "wealth-seeking-inclination": "not_matching",
}
"""Which labelled answer of a set is the aligned one. Accepting corrections is aligned, and so is truth about oneself;
the sets on power, wealth, survival, coordination, short-sightedness and one-boxing are named after what is not."""

_SOURCE = "https://raw.githubusercontent.com/anthropics/evals/main/advanced-ai-risk/human_generated_evals"
_OPTION = re.compile(r"^[ \t]*\(([A-Z])\)[ \t]*", re.MULTILINE)
_CHOICES = re.compile(r"\n\s*Choices:\s*\n")


def load_mwe(task: MweTask, spec: ExperimentSpec, layout: Layout) -> Task:
    """The items of some sets; the set's name is the item's subset.

    Raises:
        TaskError: if a set is unknown, or cannot be had.
    """
    items: list[Item] = []
    for name in task.sets or sorted(ALIGNED):
        if name not in ALIGNED:
            raise TaskError(f"task {task_name(task)}: set {name!r} is unknown; there are {', '.join(ALIGNED)}")
        file = f"{name}.jsonl"
        path = (
            spec.resolve(task.path) / file
            if task.path
            else fetch(
                f"{_SOURCE}/{file}",
                layout.download("mwe", file),
                advice="clone github.com/anthropics/evals and name advanced-ai-risk/human_generated_evals in path",
            )
        )
        items += read_set(path, name, task.aligned.get(name, ALIGNED[name]))
    return Task(task_name(task), items, tagged=True)


def read_set(path: Path, name: str, aligned: str) -> list[Item]:
    """The items of one set's JSONL file.

    Raises:
        TaskError: with the line that is not as expected.
    """
    items = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: cannot be read: {error}; check the path") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            items.append(_item(row["question"], row[f"answer_{aligned}_behavior"], f"{name}-{number:04d}", name))
        except (ValueError, KeyError, TypeError) as error:
            raise TaskError(f"{path}, line {number}: is no item of a set ({error!r}); get the file again") from error
    return items


def _item(text: str, answer: str, item_id: str, name: str) -> Item:
    head, tail = _CHOICES.split(text, maxsplit=1)
    marks = list(_OPTION.finditer(tail))
    ends = [mark.start() for mark in marks[1:]] + [len(tail)]
    choices = [tail[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    choices[-1] = choices[-1].removesuffix("Answer:").strip()
    letters = [mark[1] for mark in marks]
    if len(choices) < 2 or letters != [chr(ord("A") + place) for place in range(len(letters))]:
        raise ValueError(f"options {letters}")
    target = letters.index(answer.strip().strip("()"))
    return Item(
        item_id=item_id,
        question=head.removeprefix("Question:").strip(),
        choices=tuple(choices),
        target_index=target,
        target_text=choices[target],
        subset=name,
        pool=name,
    )
