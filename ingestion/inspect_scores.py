"""What Inspect's scorers said: the main score as a graded outcome, and the unit tests behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ingestion.inspect_types import Header, Score
from ingestion.json_text import decode_object
from ingestion.records import clip

SHUFFLED = "Choices were shuffled"
"""How the choice scorer's explanation begins when the prompt listed the options in another order than the item."""

# As inspect-ai's value_to_float: correct, incorrect, partial, no answer, and yes or no.
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_PASSED = {"passed": True, "pass": True, "failed": False, "fail": False, "error": False}


def main_score(scores: Mapping[str, Score], header: Header) -> str | None:
    """Which scorer counts: the run's headline, else the first that the task lists, else the first of the sample."""
    headline = header.results.headline if header.results else None
    listed = [scorer.name for scorer in header.eval.scorers or []]
    for name in (headline.scorer if headline else None, *listed):
        if name in scores:
            return name
    return next(iter(scores), None)


def graded_outcome(score: Score, header: Header, prompt_format: str) -> float | None:
    """The score as a graded outcome in [0, 1], 1 being right; None if it is no such number.

    A dictionary of values counts by the run's headline, or by its only entry. In probability format a number is a
    scoring rule (Brier, log), where less is better, so only verdicts (C, I, true …) count there.
    """
    value = score.value
    if isinstance(value, Mapping):
        headline = header.results.headline if header.results else None
        name = headline.score if headline else None
        if name not in value:
            name = next(iter(value)) if len(value) == 1 else None
        value = value.get(name)
    if isinstance(value, str):
        if value not in _VALUES and value.lower() in _VALUES:
            value = value.lower()
        number = _VALUES.get(value)
        return number if number is not None or prompt_format == "probability" else _unit_number(_as_float(value))
    if isinstance(value, bool):
        return float(value)
    return None if prompt_format == "probability" else _unit_number(value)


def test_rows(scores: Mapping[str, Score]) -> Iterator[dict[str, Any]]:
    """`test_name`, `kind` and `passed` of the unit tests in the scores' metadata (`tests`: name → outcome)."""
    seen: set[str] = set()
    for score in scores.values():
        try:
            metadata = decode_object(score.metadata)
        except (msgspec.DecodeError, RecursionError):
            continue
        tests = metadata.get("tests")
        if not isinstance(tests, Mapping):
            continue
        kinds = {
            name: kind
            for kind in ("pass_to_pass", "fail_to_pass")
            for name in metadata.get(kind) or []
            if isinstance(name, str)
        }
        for name, outcome in tests.items():
            passed = _passed(outcome)
            if passed is not None and name not in seen:
                seen.add(name)
                yield {"test_name": clip(name, 1_000), "kind": kinds.get(name, "other"), "passed": passed}


def _passed(outcome: Any) -> bool | None:
    if isinstance(outcome, bool):
        return outcome
    if isinstance(outcome, str):
        return _PASSED.get(outcome.lower())
    return bool(outcome) if outcome in (0, 1) else None


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unit_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None
