"""Answers, options and unit tests as tables write them. Pure functions of one mapped value."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from typing import Any

from ingestion import answers
from ingestion.logs.table.mapping import Answer, Tests
from ingestion.logs.table.paths import lookup, plain_text
from ingestion.logs.table.values import as_integer, as_number
from ingestion.text import clip

_NUMBER = re.compile(r"[\s$€£]*(?P<number>[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?)[\s%.]*", re.ASCII)


def answer_kind(entry: Answer | None, n_choices: int | None) -> str:
    """How an answer or a target is written: what the mapping says, else a letter or text where there are options."""
    return (entry.kind if entry else None) or ("text" if n_choices is None else "letter or text")


def options_of(given: Any) -> list[str] | None:
    """A list of options, or its JSON.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(given, str):
        given = json.loads(given)
    if given is None:
        return None
    if not isinstance(given, list) or not given:
        raise ValueError("choices is no list of options")
    return [clip(plain_text(option), 10_000) for option in given]


def chosen_option(text: str, n_choices: int, choices: list[str] | None, kind: str) -> answers.Chosen:
    """The option that a text names, in that way of writing, or why it names none."""
    if kind == "index":
        index = as_integer(text)
        is_option = index is not None and 0 <= index < n_choices
        return answers.Chosen(index) if is_option else answers.Chosen(failure=answers.NONE)
    if kind == "text":
        same = [place for place, option in enumerate(choices or []) if option.strip() == text.strip()]
        return answers.Chosen(same[0]) if len(same) == 1 else answers.Chosen(failure=answers.NONE)
    return answers.read_option(text, n_choices, None if kind == "letter" else choices)


def is_same(answer: str, target: str, kind: str) -> bool:
    """Whether an open answer equals the target: as numbers, or as texts but for case and spaces."""
    if kind == "number":
        given, wanted = as_number(answer), as_number(target)
        return given is not None and wanted is not None and math.isclose(given, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return " ".join(answer.split()).casefold() == " ".join(target.split()).casefold()


def plain_number(text: str) -> str:
    """A number without what may be written around it: thousands separators, a currency or percent sign, a stop."""
    found = _NUMBER.fullmatch(text)
    return found["number"].replace(",", "") if found else text


def is_list(text: str) -> bool:
    """Whether a text is a list of several values, as JSON or Python writes it."""
    if not (text[:1] == "[" and text[-1:] == "]"):
        return False
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return False
    return isinstance(found, list) and len(found) > 1


def stated_probabilities(given: Any, n_choices: int | None) -> list[float] | None:
    """Stated probabilities exactly as stated; None for a format failure, by the rules of `parse_probabilities`."""
    if isinstance(given, str):
        if "<prob>" in given.lower():
            return None if n_choices is None else answers.parse_probabilities(given, n_choices)
        given = given.strip().removeprefix("[").removesuffix("]").split(",")
    if isinstance(given, dict):
        given = list(given.values())
    if not isinstance(given, list) or (n_choices is not None and len(given) != n_choices):
        return None
    values = [as_number(value) for value in given]
    numbers = [abs(float(value)) for value in values if value is not None and value >= 0]
    is_stated = len(numbers) == len(given) and 0 < sum(numbers) < math.inf
    return numbers if is_stated else None


def test_names(row: AbstractMapping[str, Any], entry: Tests, kind: str) -> list[str]:
    """Names of the tests of a kind, from a list or its JSON."""
    path = getattr(entry, kind)
    found = None if path is None else lookup(row, path)
    if isinstance(found, str):
        found = json.loads(found)
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def test_outcomes(given: Any, entry: Tests) -> Iterator[tuple[str, Any]]:
    """Name and outcome of each test.

    Raises:
        ValueError: if it is neither an object nor a list, or names a test twice.
    """
    if isinstance(given, dict):
        pairs = [(str(name), outcome) for name, outcome in given.items()]
    elif isinstance(given, list):
        pairs = [(plain_text(lookup(test, entry.name)), lookup(test, entry.passed)) for test in given]
    else:
        raise ValueError("tests is neither an object nor a list")  # noqa: TRY004
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("tests names one test twice")
    for name, outcome in pairs:
        yield name, entry.map.get(plain_text(outcome), outcome)
