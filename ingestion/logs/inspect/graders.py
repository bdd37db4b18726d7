"""All scorers of an Inspect log as graders: what each wrote of a sample, and what that means.

The one scorer that a sample's own score comes from is among them (`ScorerChoice`). Epochs are samples of their own, so
that a scorer grades a sample once; where one judge grades it several times, Inspect numbers the scorers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.logs.inspect.scores import ScorerChoice, ScorerGrades, metrics_of
from ingestion.logs.inspect.types import Header, Score
from ingestion.logs.records import GradesMeant, Notice
from ingestion.logs.score_options import ScoreOptions
from ingestion.text import clip, clip_key
from ingestion.verdicts import Grade
from warehouse.secrets import without_secrets

MAX_GRADERS = 200
"""Scorers, and values of scorers, of one log whose grades are kept."""

_LONGEST_NAME, _LONGEST_WRITTEN = 500, 200


class _Grader:
    """One scorer, or one of the values that it gives.

    The scale and the words that a person names are those of the scorer that is read. For another they are tried beside
    its own, because a log may hold several judges on one scale: the reading that understands more counts.
    """

    def __init__(self, name: str, readings: list[ScorerGrades]) -> None:
        self.name = clip_key(without_secrets(name), _LONGEST_NAME) or "(no name)"
        self._readings = readings
        self._grades: dict[str, list[Grade]] = {}
        self._counts: Counter[str] = Counter()

    def take(self, value: Any, prompt_format: str) -> str:
        """The value as it is kept."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        written = clip(without_secrets(text), _LONGEST_WRITTEN)
        self._counts[written] += 1
        if written not in self._grades:
            self._grades[written] = [reading.of(value, prompt_format) for reading in self._readings]
        return written

    def meant(self) -> tuple[dict[str, float], Counter[str]]:
        """Values with what they mean, and how many grades mean nothing, by the reason."""
        return min(map(self._meant, range(len(self._readings))), key=lambda meant: meant[1].total())

    def _meant(self, place: int) -> tuple[dict[str, float], Counter[str]]:
        meanings: dict[str, float] = {}
        unread: Counter[str] = Counter()
        withdrawn = self._readings[place].withdrawn
        for written, grades in self._grades.items():
            grade = grades[place]
            if grade.score is None or withdrawn:
                unread[withdrawn or grade.unscored or ""] += self._counts[written]
            else:
                meanings[written] = grade.score
        return meanings, unread


class Graders:
    """The graders of one log.

    Args:
        header: the log's header.
        options: what a person says of scores.
        choice: the scorer that is read.
    """

    def __init__(self, header: Header, options: ScoreOptions, choice: ScorerChoice) -> None:
        self._metrics = metrics_of(header)
        self._options = options
        self._choice = choice
        self._graders: dict[tuple[str, str | None], _Grader] = {}
        self._too_many: set[str] = set()

    def rows(self, scores: Mapping[str, Score], prompt_format: str) -> Iterator[dict[str, Any]]:
        """`grader`, `grade_repeat` and `written` of every grade of a sample."""
        for scorer, score in scores.items():
            for key, value in _values(score):
                grader = self._grader(scorer, key)
                if grader is not None:
                    yield {"grader": grader.name, "grade_repeat": 1, "written": grader.take(value, prompt_format)}

    def _grader(self, scorer: str, key: str | None) -> _Grader | None:
        known = self._graders.get((scorer, key))
        if known is None and len(self._graders) < MAX_GRADERS:
            name = scorer if key is None else f"{scorer}:{key}"
            is_read = scorer == self._choice.name and key in (None, self._choice.key)
            options = [self._options] if is_read or not self._options else [ScoreOptions(), self._options]
            readings = [ScorerGrades(name, each, self._metrics.get(scorer)) for each in options]
            known = self._graders[scorer, key] = _Grader(name, readings)
        elif known is None:
            self._too_many.add(scorer)
        return known

    def meant(self) -> Iterator[GradesMeant | Notice]:
        """What they wrote means, now that all samples were seen, and what a person must know of it."""
        unread: Counter[str] = Counter()
        for (scorer, _), grader in self._graders.items():
            meanings, reasons = grader.meant()
            yield GradesMeant(grader.name, meanings)
            if scorer != self._choice.name:  # of that one, samples without a score are told
                unread += reasons
        if unread:
            told = "; ".join(f"{reason} ({n:,})" for reason, n in unread.most_common(3))
            yield Notice(f"{unread.total():,} grades of other scorers are kept without a number, because {told}")
        if self._too_many:
            yield Notice(
                f"it has more than {MAX_GRADERS} scorers and values of scorers; grades by the rest "
                f"({', '.join(sorted(self._too_many))}) are left out"
            )


def _values(score: Score) -> Iterator[tuple[str | None, Any]]:
    if isinstance(score.value, Mapping):
        yield from ((str(key), value) for key, value in score.value.items())
    else:
        yield None, score.value
