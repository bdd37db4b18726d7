"""A first mapping for a table: a known tool's, else guessed from names and values. For people to check and correct.

A guess never leaves a column that tells conditions apart to chance: columns whose name says so, and columns that differ
between the rows of one item and epoch, become conditions; what is left over is listed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.json_text import BAD_JSON, decode
from ingestion.logs.records import RefusedFileError, Unreadable
from ingestion.logs.table.conditions import is_arm, is_condition_name, is_crossed, separating_columns
from ingestion.logs.table.files import delimiter_of, table_rows
from ingestion.logs.table.known_shapes import known_shape
from ingestion.logs.table.names import ENTRY_NAMES, plain_name
from ingestion.logs.table.values import as_integer, as_number
from ingestion.verdicts import verdict

_SNIFFED_ROWS = 500
_FEWEST_REPEATS = 3
_WHOLE = ("epoch", "grade_repeat", "input_tokens", "output_tokens", "reasoning_tokens", "n_actions")
_NUMBERS = ("latency_s", "cost_usd")
_TURNS = ("traj", "trajectory", "messages", "turns", "steps")
_KEYS = ("task", "model", "item")
_LISTS = ("answer", "score", "completion", "reasoning", "output_tokens")
"""Entries that k samples in a row write as a list each."""

Columns = dict[str, list[Any]]
"""Values of a column that are not empty, by its path."""


def propose(path: Path) -> str:
    """A mapping for a table, as YAML with comments.

    Raises:
        RefusedFileError: if no row of it can be read.
    """
    use = f"#   incoherence import {path.name} --mapping THIS_FILE"
    if (shipped := known_shape(path)) is not None:
        head = f"# {path.name!r} looks like a file that this mapping ({shipped.stem}) is for. Check it, then:"
        return f"{head}\n{use}\n{shipped.read_text(encoding='utf-8')}"
    rows = _first_rows(path)
    columns = _columns(rows)
    lines = [f"# A guess from the first {len(rows)} rows of {path.name!r}. Check it, complete it, then:", use]
    if (delimiter := delimiter_of(path)) not in (None, ","):
        lines.append(f"delimiter: {_quoted(str(delimiter))}")
    repeats = _repeats(columns)
    if repeats is not None:
        each, renamed = repeats
        lines.append(each)
        columns = _taken_apart(columns, renamed)
    found = _found(columns)
    if repeats is not None:
        found.pop("epoch", None)
        if "each" in columns:
            found["score" if _fits("score", columns["each"]) else "answer"] = "each"
    _without_graders(found)
    settings = _settings(columns, found, rows if repeats is None else [])
    lines += [f"{name}: {_quoted(found[name])}" if name in found else _to_fill(name, found) for name in _KEYS]
    are_numbers = "choices" not in found and _are_numbers(columns.get(found.get("target", ""), []))
    lines += [
        _line(name, column, columns[column], are_numbers=are_numbers)
        for name, column in found.items()
        if name not in _KEYS
    ]
    lines += _agent(columns, found)
    if settings:
        lines += ["condition:", *(f"  {name}: {_quoted(column)}" for name, column in settings.items())]
    lines += _to_judge_by(columns, found)
    if unused := [column for column in columns if column not in {*found.values(), *settings.values()}]:
        lines.append(f"# not used: {', '.join(unused)}".replace("\n", " ")[:1_000])
    return "\n".join(lines) + "\n"


def _first_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    unreadable: list[Unreadable] = []
    for _, row in itertools.islice(table_rows(path), _SNIFFED_ROWS):
        if isinstance(row, Unreadable):
            unreadable.append(row)
        else:
            rows.append(row)
    if not rows:
        why = unreadable[0].reason if unreadable else "is it JSONL, CSV, Parquet or JSON with a list of rows?"
        raise RefusedFileError(f"{path}: no row can be read: {why}")
    return rows


def _repeats(columns: Columns) -> tuple[str, dict[str, str]] | None:
    """`each:` for rows that hold several samples, and what its columns are called then; None if they hold one."""
    lists = {
        name: column
        for name in _LISTS
        for column, values in columns.items()
        if plain_name(column) in ENTRY_NAMES[name] and values and all(_is_long_list(value) for value in values)
    }
    lengths = [[len(_as_list(value)) for value in columns[column]] for column in lists.values()]
    if lists and all(length == lengths[0] for length in lengths):
        told = ", ".join(f"{name}: {_quoted(f'{column}[*]')}" for name, column in lists.items())
        return f"each: {{{told}}}", {column: f"each.{name}" for name, column in lists.items()}
    families: dict[str, list[str]] = {}
    for column in columns:
        if match := re.fullmatch(r"(.*?)[_ .-]?(\d+)", column):
            families.setdefault(match[1], []).append(column)
    repeated = {*ENTRY_NAMES["epoch"], *ENTRY_NAMES["answer"], *ENTRY_NAMES["score"]}
    for stem, members in families.items():
        if len(members) >= _FEWEST_REPEATS and plain_name(stem) in repeated:
            pattern = re.escape(stem) + r"[_ .-]?(\d+)"
            return f"each: {{columns: {_quoted(pattern)}}}", dict.fromkeys(members, "each")
    return None


def _taken_apart(columns: Columns, renamed: dict[str, str]) -> Columns:
    """The columns as `each` makes them: elements of lists, and wide columns as one."""
    found: Columns = {}
    for column, values in columns.items():
        if column in renamed:
            elements = [element for value in values for element in (_as_list(value) or [value])]
            found.setdefault(renamed[column], []).extend(elements)
        else:
            found[column] = values
    return found


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = decode(value.encode("utf-8", "replace"), object)
        except BAD_JSON:
            return []
    return value if isinstance(value, list) else []


def _is_long_list(value: Any) -> bool:
    elements = _as_list(value)
    return len(elements) > 1 and not any(isinstance(element, dict | list) for element in elements)


def _to_fill(name: str, found: dict[str, str]) -> str:
    if name == "item":
        if "question" in found:
            return f"item: {_quoted(found['question'])}  # no id found: the question itself stands for it"
        return "# item: FIELD        # which question or task a row is about: needed"
    return f"{name}: {{value: my_{name}}}  # the same for every row; or a field, or file_name: a pattern with one group"


def _columns(rows: list[dict[str, Any]]) -> Columns:
    """Values that are not empty, by path; objects one and two levels deep are opened."""
    columns: Columns = {}
    for row in rows:
        for path, value in _flat(row, 2):
            columns.setdefault(path, [])
            if value is not None:
                columns[path].append(value)
    return columns


def _flat(row: dict[str, Any], depth: int, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if not name or any(mark in name for mark in ".[]{}\n"):
            continue
        inner = _opened(value) if depth else None
        if inner is not None:
            yield from _flat(inner, depth - 1, f"{prefix}{name}.")
        if not isinstance(value, dict):
            yield f"{prefix}{name}", value


def _opened(value: Any) -> dict[str, Any] | None:
    """An object, or a text that holds one as JSON."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = decode(value.encode("utf-8", "replace"), object)
        except BAD_JSON:
            return None
    return value if isinstance(value, dict) else None


def _found(columns: Columns) -> dict[str, str]:
    """By entry of the mapping, the column whose name and values fit it; columns of the row itself come first."""
    by_depth = sorted(columns, key=lambda column: column.count("."))
    found: dict[str, str] = {}
    for name, candidates in ENTRY_NAMES.items():
        for candidate in candidates:
            column = next((known for known in by_depth if plain_name(known) == candidate), None)
            if column is not None and column not in found.values() and _fits(name, columns[column]):
                found[name] = column
                break
    if "probabilities" in found:
        found.pop("answer", None)
    return found


def _without_graders(found: dict[str, str]) -> None:
    """Rows of several graders can be put together as samples only by their epoch."""
    if not {"grader", "epoch", "score"} <= set(found):
        for name in ("grader", "grade_repeat"):
            found.pop(name, None)


def _fits(name: str, values: list[Any]) -> bool:
    if not values:
        return False
    if name == "grader":  # a column of that name may hold what the judge said
        return not any(isinstance(value, list | dict) or verdict(value) is not None for value in values)
    if name in _WHOLE:
        return all((number := as_integer(value)) is not None and number >= 0 for value in values)
    if name in _NUMBERS:
        return all(as_number(value) is not None for value in values)
    if name == "score":
        return all(as_number(value) is not None or verdict(value) is not None for value in values)
    if name == "choices":
        return all(isinstance(value, list) or (isinstance(value, str) and value[:1] == "[") for value in values)
    if name in ("tests", "probabilities"):
        return all(isinstance(value, list | dict) or (isinstance(value, str) and value[:1] in "[{") for value in values)
    return not any(isinstance(value, list | dict) for value in values)


def _line(name: str, column: str, values: list[Any], *, are_numbers: bool) -> str:
    if name in ("epoch", "grade_repeat") and min(as_integer(value) or 0 for value in values) == 0:
        return f"{name}: {{field: {_quoted(column)}, add: 1}}  # counts from 0 there, from 1 here"
    if name == "score" and any((number := as_number(value)) is not None and not 0 <= number <= 1 for value in values):
        numbers = [float(number) for value in values if (number := as_number(value)) is not None]
        seen = f"numbers from {min(numbers):g} to {max(numbers):g} were seen"
        return f"score: {{field: {_quoted(column)}, scale: [WORST, BEST]}}  # which grades are they? {seen}"
    if name == "answer" and are_numbers:
        return f"answer: {{field: {_quoted(column)}, as: number}}  # its targets are numbers"
    return f"{name}: {_quoted(column)}"


def _agent(columns: Columns, found: dict[str, str]) -> list[str]:
    turns = next((name for name in columns if plain_name(name) in _TURNS and _is_turns(columns[name])), None)
    if turns is None:
        return []
    lines = [f"n_actions: {{count: {_quoted(turns + '[*]')}, where: {{role: assistant}}}}"]
    return lines if "completion" in found else [*lines, f"completion: {_quoted(turns + '[-1].content')}"]


def _settings(columns: Columns, found: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, str]:
    """Columns of the condition: by their name, and by telling apart rows that would be one sample otherwise."""
    if "question" in found and "item" in found and is_crossed(rows, found["item"], found["question"]):
        crossed = [found.pop("question")]  # the same few texts for every item: a way of asking, not the question
    else:
        crossed = []
    free = [column for column in columns if column not in found.values() and columns[column]]
    named = [column for column in free if is_condition_name(column) and not isinstance(columns[column][0], dict | list)]
    named = [*crossed, *(column for column in named if column not in crossed)]
    keys = [found[name] for name in (*_KEYS, "epoch", "grader", "grade_repeat") if name in found]
    unnamed = [column for column in free if column not in named]
    if "epoch" in found:
        told = separating_columns(rows, [*keys, *named], unnamed)
    else:  # nothing says which rows repeat one another
        told = [column for column in unnamed if "item" in found and is_arm(rows, found["item"], column)]
    return {column.split(".")[-1]: column for column in (*named, *told)}


def _to_judge_by(columns: Columns, found: dict[str, str]) -> list[str]:
    lines = []
    if not {"answer", "probabilities", "score", "tests"} & set(found):
        lines.append("# score: FIELD        # or answer, probabilities, tests: something to judge by is needed")
    if {"answer", "target"} <= set(found) and "choices" not in found and _are_letters(columns[found["target"]]):
        letters = sorted(letter for value in columns[found["target"]] if (letter := _letter(value)))
        lines.append(f"n_choices: {{value: {max(4, ord(letters[-1]) - 64)}}}  # how many options an item has")
    return lines


def _is_turns(values: list[Any]) -> bool:
    return bool(values) and all(
        isinstance(turns, list) and all(isinstance(turn, dict) and "role" in turn for turn in turns) for turns in values
    )


def _letter(value: Any) -> str | None:
    text = str(value).strip().strip("()").upper()
    return text if len(text) == 1 and "A" <= text <= "Z" else None


def _are_numbers(values: list[Any]) -> bool:
    return bool(values) and all(as_number(value) is not None for value in values)


def _are_letters(values: list[Any]) -> bool:
    return bool(values) and all(_letter(value) is not None for value in values)


def _quoted(path: str) -> str:
    plain = path.replace("_", "").replace(".", "").isalnum() and not path[0].isdigit()
    if path == "\t":
        return '"\\t"'
    return path if plain and path.lower() not in _YAML_WORDS else "'" + path.replace("'", "''") + "'"


_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
