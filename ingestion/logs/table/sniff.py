"""A first mapping for a table, guessed from the names and values of its first rows. For people to check and correct."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.json_text import BAD_JSON, decode
from ingestion.logs.records import RefusedFileError, Unreadable
from ingestion.logs.table.files import table_rows
from ingestion.logs.table.values import as_integer, as_number, as_score

_SNIFFED_ROWS = 500
_NAMES: dict[str, tuple[str, ...]] = {
    "task": ("task", "task_name", "benchmark", "dataset", "eval"),
    "model": ("model", "model_id", "model_name", "llm", "engine"),
    "item": (
        *("item", "item_id", "question_id", "task_id", "instance_id", "problem_id", "qid", "rubric_id", "doc_id", "id"),
    ),
    "epoch": ("epoch", "trial", "repeat", "run", "attempt", "iteration", "seed_index", "sample_index", "try"),
    "question": ("question", "prompt", "input", "problem", "instruction", "query"),
    "choices": ("choices", "options"),
    "target": ("target", "gt", "gold", "label", "correct_answer", "expected", "ground_truth", "reference", "solution"),
    "answer": ("answer", "response", "prediction", "predicted", "model_answer", "choice", "parsed_answer", "letter"),
    "probabilities": ("probabilities", "probs", "class_probs"),
    "score": ("score", "reward", "correct", "is_correct", "passed", "resolved", "success", "accuracy", "acc"),
    "tests": ("tests", "test_results", "test_outcomes"),
    "completion": ("completion", "output", "generation", "text", "model_output", "raw_response"),
    "reasoning": ("reasoning", "thinking", "reasoning_content", "cot"),
    "subject": ("subject", "category", "topic", "domain"),
    "human_difficulty": ("human_difficulty", "difficulty", "level"),
    "error": ("error", "exception", "error_message"),
    "finish_reason": ("finish_reason", "stop_reason"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out", "n_tokens"),
    "reasoning_tokens": ("reasoning_tokens", "thinking_tokens"),
    "n_actions": ("n_actions", "n_steps", "steps", "num_turns", "n_turns"),
    "latency_s": ("latency_s", "latency", "duration_s", "elapsed_s"),
    "cost_usd": ("cost_usd", "cost", "total_cost"),
    "created_at": ("created_at", "timestamp", "time", "created"),
}
_CONDITION = ("temperature", "top_p", "top_k", "max_tokens", "reasoning_effort", "n_shots")
_WHOLE = ("epoch", "input_tokens", "output_tokens", "reasoning_tokens", "n_actions")
_NUMBERS = ("latency_s", "cost_usd")
_TURNS = ("traj", "trajectory", "messages", "turns", "steps")


def propose(path: Path) -> str:
    """A mapping for a table, as YAML with comments.

    Raises:
        RefusedFileError: if no row of it can be read.
    """
    numbered = itertools.islice(table_rows(path), _SNIFFED_ROWS)
    rows = [row for _, row in numbered if not isinstance(row, Unreadable)]
    if not rows:
        raise RefusedFileError(f"{path}: no row can be read; is it JSONL, CSV, Parquet or JSON with a list of rows?")
    columns = _columns(rows)
    found = _found(columns)
    lines = [
        f"# A guess from the first {len(rows)} rows of {path.name!r}. Check it, complete it, then:",
        f"#   incoherence import {path.name} --mapping THIS_FILE",
    ]
    for name in ("task", "model", "item"):
        lines.append(f"{name}: {_quoted(found[name])}" if name in found else _to_fill(name, found))
    lines += [_line(name, column, columns[column]) for name, column in found.items() if name not in _KEYS]
    if turns := next((column for column in columns if column.lower() in _TURNS and _is_turns(columns[column])), None):
        lines.append(f"n_actions: {{count: {_quoted(turns + '[*]')}, where: {{role: assistant}}}}")
        lines.append(f"completion: {_quoted(turns + '[-1].content')}")
    settings = {name: column for name in _CONDITION for column in columns if column.split(".")[-1].lower() == name}
    if settings:
        lines += ["condition:", *(f"  {name}: {_quoted(column)}" for name, column in settings.items())]
    if not {"answer", "probabilities", "score", "tests"} & set(found):
        lines.append("# score: FIELD        # or answer, probabilities, tests: something to judge by is needed")
    if {"answer", "target"} <= set(found) and "choices" not in found and _are_letters(columns[found["target"]]):
        letters = sorted(letter for value in columns[found["target"]] if (letter := _letter(value)))
        lines.append(f"n_choices: {{value: {max(4, ord(letters[-1]) - 64)}}}  # how many options an item has")
    unused = [column for column in columns if column not in {*found.values(), *settings.values()}]
    if unused:
        lines.append(f"# not used: {', '.join(unused)}".replace("\n", " ")[:1_000])
    return "\n".join(lines) + "\n"


_KEYS = ("task", "model", "item")


def _to_fill(name: str, found: dict[str, str]) -> str:
    if name == "item":
        if "question" in found:
            return f"item: {_quoted(found['question'])}  # no id found: the question itself stands for it"
        return "# item: FIELD        # which question or task a row is about: needed"
    return f"{name}: {{value: my_{name}}}  # the same for every row; or a field, or file_name: a pattern with one group"


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Values that are not empty, by path; objects one and two levels deep are opened."""
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for path, value in _flat(row, 2):
            columns.setdefault(path, [])
            if value is not None:
                columns[path].append(value)
    return columns


def _flat(row: dict[str, Any], depth: int, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if not name or any(mark in name for mark in ".[]\n"):
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


def _found(columns: dict[str, list[Any]]) -> dict[str, str]:
    """By entry of the mapping, the column whose name and values fit it; columns of the row itself come first."""
    by_depth = sorted(columns, key=lambda column: column.count("."))
    found: dict[str, str] = {}
    for name, candidates in _NAMES.items():
        for candidate in candidates:
            column = next((known for known in by_depth if known.split(".")[-1].lower() == candidate), None)
            if column is not None and column not in found.values() and _fits(name, columns[column]):
                found[name] = column
                break
    if "probabilities" in found:
        found.pop("answer", None)
    return found


def _fits(name: str, values: list[Any]) -> bool:
    if not values:
        return False
    if name in _WHOLE:
        return all((number := as_integer(value)) is not None and number >= 0 for value in values)
    if name in _NUMBERS:
        return all(as_number(value) is not None for value in values)
    if name == "score":
        return all(as_score(value) is not None for value in values)
    if name == "choices":
        return all(isinstance(value, list) or (isinstance(value, str) and value[:1] == "[") for value in values)
    if name in ("tests", "probabilities"):
        return all(isinstance(value, list | dict) or (isinstance(value, str) and value[:1] in "[{") for value in values)
    return not any(isinstance(value, list | dict) for value in values)


def _line(name: str, column: str, values: list[Any]) -> str:
    if name == "epoch" and min(as_integer(value) or 0 for value in values) == 0:
        return f"epoch: {{field: {_quoted(column)}, add: 1}}  # counts from 0 there, from 1 here"
    return f"{name}: {_quoted(column)}"


def _is_turns(values: list[Any]) -> bool:
    return bool(values) and all(
        isinstance(turns, list) and all(isinstance(turn, dict) and "role" in turn for turn in turns) for turns in values
    )


def _letter(value: Any) -> str | None:
    text = str(value).strip().strip("()").upper()
    return text if len(text) == 1 and "A" <= text <= "Z" else None


def _are_letters(values: list[Any]) -> bool:
    return bool(values) and all(_letter(value) is not None for value in values)


def _quoted(path: str) -> str:
    plain = path.replace("_", "").replace(".", "").isalnum() and not path[0].isdigit()
    return path if plain and path.lower() not in _YAML_WORDS else "'" + path.replace("'", "''") + "'"


_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
