"""dbt's tests in words, for the UI: what holds of the rows when a check passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Arguments = Mapping[str, Any]

_LEADING_COMMENT = re.compile(r"\s*(?:\{#-?(?P<jinja>.*?)-?#\}|(?P<lines>(?:--[^\n]*\n\s*)+))", re.DOTALL)


def describe_test(test: Mapping[str, Any]) -> str | None:
    """One sentence about a test of dbt's manifest; None if neither its kind nor its file says what it is about.

    Args:
        test: the test's node.
    """
    metadata = test.get("test_metadata") or {}
    if sentence := _SENTENCES.get(metadata.get("name", "")):
        return sentence(metadata.get("kwargs") or {})
    found = _LEADING_COMMENT.match(test.get("raw_code") or "")
    if not found:
        return None
    comment = found["jinja"] or found["lines"].replace("--", " ")
    return f"{' '.join(comment.split())} The check fails for every row that its query finds."


def _column(arguments: Arguments) -> str:
    return f"`{arguments['column_name']}`"


def _unique_key(arguments: Arguments) -> str:
    columns = ", ".join(f"`{name}`" for name in arguments["columns"])
    return f"No two rows have the same {columns}, and no row lacks one of them."


def _in_range(arguments: Arguments) -> str:
    low, high = arguments.get("low", 0), arguments.get("high")
    return f"{_column(arguments)} is {low} or more" + ("." if high is None else f", and {high} or less.")


def _decomposes(arguments: Arguments) -> str:
    return f"Bias² and variance add up to the error, to {arguments.get('tolerance', 1e-9):g}."


def _interval_holds(arguments: Arguments) -> str:
    return f"{_column(arguments)} lies in its interval, of which both ends are there or none is."


def _relationships(arguments: Arguments) -> str:
    other = re.sub(r"^ref\(['\"](.*)['\"]\)$", r"\1", str(arguments["to"]))
    return f"Every {_column(arguments)} is a `{arguments['field']}` of `{other}`."


def _accepted_values(arguments: Arguments) -> str:
    return f"{_column(arguments)} is one of: {', '.join(map(str, arguments['values']))}."


_SENTENCES: dict[str, Callable[[Arguments], str]] = {
    "unique_key": _unique_key,
    "in_range": _in_range,
    "decomposes": _decomposes,
    "interval_holds": _interval_holds,
    "relationships": _relationships,
    "accepted_values": _accepted_values,
    "not_null": lambda arguments: f"{_column(arguments)} is there in every row.",
    "unique": lambda arguments: f"No two rows have the same {_column(arguments)}.",
}
"""By the name of a generic test: dbt's own, and those in `dbt/tests/generic`."""
