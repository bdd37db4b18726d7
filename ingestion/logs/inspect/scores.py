"""What Inspect's scorers said: which of them is read, and its score as a graded outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ingestion.logs.inspect.types import Header, Score

# As inspect-ai's value_to_float: correct, incorrect, partial, no answer, and yes or no.
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


class ScorerChoice:
    """The one scorer of a log that is read, for all its samples.

    It is the one asked for; else the run's headline, else the first that the task lists, else the first of the first
    sample with scores.

    Args:
        header: the log's header.
        asked: the scorer that the caller wants.

    Attributes:
        name: the scorer; None until a sample has scores.
        others: scorers of the samples seen so far that are not read.
        is_used: whether any sample had a score by it.
    """

    def __init__(self, header: Header, asked: str | None = None) -> None:
        headline = header.results.headline if header.results else None
        listed = [scorer.name for scorer in header.eval.scorers or []]
        self._wanted = [name for name in (headline.scorer if headline else None, *listed) if name]
        self.name = asked
        self.others: set[str] = set()
        self.is_used = False

    def of(self, scores: Mapping[str, Score]) -> Score | None:
        """The score that is read; None if the sample has none by that scorer."""
        if self.name is None and scores:
            self.name = next((name for name in self._wanted if name in scores), next(iter(scores)))
        self.others.update(name for name in scores if name != self.name)
        score = scores.get(self.name) if self.name else None
        self.is_used |= score is not None
        return score


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


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unit_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None
