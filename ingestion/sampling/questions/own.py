"""Your own items, from JSONL or CSV.

Fields: `question` (required); `id` (the line number if missing); `choices` (a list, or in CSV columns `A`, `B`, …, or
one column with a JSON list); `target` (a letter, the text of a choice, or for open-ended items any text); and `subset`,
`subject`, `human_difficulty`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.answers import option_letter, target_index
from ingestion.logs.json_text import RepeatedKeyError, without_repeats
from ingestion.sampling.questions.items import Item, Task, TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import OwnTask, task_name
from warehouse.layout import Layout

_FIELDS = ("id", "question", "choices", "target", "subset", "subject", "human_difficulty")


def load_own(task: OwnTask, spec: ExperimentSpec, layout: Layout) -> Task:
    """The items of a file of the user's.

    Raises:
        TaskError: with file, line, field, value and fix.
    """
    items = read_items(spec.resolve(task.path))
    pools = {"": read_items(spec.resolve(task.examples_path))} if task.examples_path else {}
    return Task(task_name(task), items, pools)


def read_items(path: Path) -> list[Item]:
    """Items of a JSONL or CSV file.

    Raises:
        TaskError: with file, line, field, value and fix.
    """
    try:
        rows = list(_csv(path) if path.suffix.lower() == ".csv" else _jsonl(path))
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: cannot be read: {error}; check the path and that it is UTF-8") from error
    return [_item(path, line, row) for line, row in rows]


def _jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as handle:
        for line, text in enumerate(handle, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text, object_pairs_hook=without_repeats)
            except RepeatedKeyError as error:
                raise TaskError(f"{path}, line {line}: {error}") from error
            except ValueError as error:
                raise TaskError(f"{path}, line {line}: is not JSON ({error}); write one object per line") from error
            if not isinstance(row, dict):
                raise TaskError(f"{path}, line {line}: is no object; write one object per line")
            yield line, row


def _csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            values: dict[str, Any] = {name: value for name, value in row.items() if name and value}
            letters = [option_letter(index) for index in range(26)]
            options = [values[letter] for letter in letters if letter in values]
            if options and "choices" not in values:
                values["choices"] = options
            elif isinstance(values.get("choices"), str):
                try:
                    values["choices"] = json.loads(values["choices"])
                except ValueError as error:
                    raise TaskError(
                        f"{path}, line {reader.line_num}: choices is no JSON list; use columns A, B, C, …"
                    ) from error
            yield reader.line_num, {name: value for name, value in values.items() if name not in letters}


def _item(path: Path, line: int, row: dict[str, Any]) -> Item:
    where = f"{path}, line {line}"
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise TaskError(f"{where}: question is {question!r}; write the question's text (fields: {', '.join(_FIELDS)})")
    choices = row.get("choices")
    if choices is not None and (
        not isinstance(choices, list)
        or not 2 <= len(choices) <= 26
        or not all(isinstance(choice, str) and choice for choice in choices)
    ):
        raise TaskError(f"{where}: choices is {choices!r}; write a list of 2 to 26 texts, or leave it out")
    target = row.get("target")
    index = None
    if choices is not None:
        index = target_index([str(target)], choices) if target is not None else None
        if index is None:
            raise TaskError(f"{where}: target is {target!r}; write the letter or the exact text of the right choice")
    item_id = row.get("id", line)
    return Item(
        item_id=str(item_id),
        question=question,
        choices=tuple(choices) if choices else None,
        target_index=index,
        target_text=choices[index] if choices and index is not None else None if target is None else str(target),
        subset=_label(row, "subset"),
        subject=_label(row, "subject"),
        human_difficulty=_label(row, "human_difficulty"),
    )


def _label(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)
