"""Rows of a table that differ in their grader alone, put together as samples with several grades.

The samples of one file are scored by one grader, that of its first row: a sample whose first row is another's waits for
it. Every row is a grade.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.logs.records import Row
from ingestion.logs.table.fields import Fields
from ingestion.logs.table.outcome import Outcomes
from ingestion.logs.table.values import as_integer
from ingestion.text import clip, clip_key
from warehouse.secrets import without_secrets

_LONGEST_NAME, _LONGEST_WRITTEN = 500, 200
_OF_THE_GRADE = ("score",)
_NAME_BYTES = 4


@dataclass(slots=True)
class _Sample:
    """What is remembered of a sample: whose row was its first, what that said, and how often each has graded it."""

    grader: str
    said: bytes
    n_grades: Counter[str] = field(default_factory=Counter)
    repeats: set[tuple[str, int]] = field(default_factory=set)


class GradedSamples:
    """The samples of one file.

    Args:
        fields: looks entries of the mapping up.
        outcomes: reads grades.
    """

    def __init__(self, fields: Fields, outcomes: Outcomes) -> None:
        self._fields = fields
        self._outcomes = outcomes
        self._samples: dict[str, _Sample] = {}
        self._waiting: dict[str, list[Row]] = {}
        self._scored_by: str | None = None
        self._n_grades = 0
        self._unread: Counter[str] = Counter()

    def take(self, row: AbstractMapping[str, Any], told: list[Row]) -> list[Row]:
        """What a row adds: its grade, and its sample, unless that is there already or waits.

        Args:
            row: the row.
            told: the sample that it tells of, with its unit tests.

        Raises:
            ValueError: if it has no grader, tells another sample than an earlier row, or repeats a grade.
        """
        values = told[0].values
        grader = clip_key(without_secrets(self._fields.key(row, "grader")), _LONGEST_NAME)
        known = self._samples.get(values["sample_id"])
        sample = known or _Sample(grader, _said(values))
        if known is not None:
            _check_same(values, known)
        grade = self._grade(row, values, grader, sample)
        self._samples[values["sample_id"]] = sample
        self._scored_by = self._scored_by or grader
        return [*self._due(told, grader, is_new=known is None), grade]

    def _due(self, told: list[Row], grader: str, *, is_new: bool) -> list[Row]:
        sample_id = told[0].values["sample_id"]
        if grader == self._scored_by:
            waited = self._waiting.pop(sample_id, None)
            return told if is_new or waited else []
        if is_new:
            none = Row("samples", told[0].values | {"score": None}, f"grader {self._scored_by!r} gave them none")
            self._waiting[sample_id] = [none, *told[1:]]
        return []

    def _grade(self, row: AbstractMapping[str, Any], values: dict[str, Any], grader: str, sample: _Sample) -> Row:
        repeat = self._repeat(row, sample.n_grades[grader] + 1)
        if (grader, repeat) in sample.repeats:
            raise ValueError(
                f"repeat {repeat} of grader {grader!r} on epoch {values['epoch']} of item {values['item_id']!r} occurs "
                "more than once; map grade_repeat or epoch apart"
            )
        grade = self._outcomes.grade(row)
        written = self._fields.text(row, "score", _LONGEST_WRITTEN)
        sample.n_grades[grader] += 1
        sample.repeats.add((grader, repeat))
        self._n_grades += 1
        self._unread[grade.unscored or ""] += grade.score is None
        return Row(
            "grades",
            {
                "sample_id": values["sample_id"],
                "task": values["task"],
                "grader": grader,
                "grade_repeat": repeat,
                "grade": grade.score,
                "written": None if written is None else clip(without_secrets(written), _LONGEST_WRITTEN),
            },
        )

    def _repeat(self, row: AbstractMapping[str, Any], counted: int) -> int:
        found = self._fields.get(row, "grade_repeat")
        if found is None:
            return counted
        repeat = as_integer(found)
        if repeat is None or not 1 <= repeat < 2**31:
            raise ValueError(f"grade_repeat is {found!r}; it counts from 1 (where it counts from 0, write add: 1)")
        return repeat

    def rest(self) -> Iterator[Row]:
        """Samples that waited in vain."""
        for rows in self._waiting.values():
            yield from rows
        self._waiting = {}

    def notices(self) -> Iterator[str]:
        """What a person must know of the grades; known when the last row was read."""
        graders = sorted({name for sample in self._samples.values() for name in sample.n_grades})
        if len(graders) > 1:
            yield f"scores are those of grader {self._scored_by!r}, the first of {len(graders)}; all grades are kept"
        if n_unread := self._unread.total():
            told = "; ".join(f"{reason} ({n:,})" for reason, n in self._unread.most_common(3) if n)
            yield f"{n_unread:,} of {self._n_grades:,} grades are kept without a number, because {told}"


def _said(values: AbstractMapping[str, Any]) -> bytes:
    """A few bytes of each column, to find the columns in which two rows of a sample differ."""
    return b"".join(
        (hash(repr(value)) & 0xFFFFFFFF).to_bytes(_NAME_BYTES, "big")
        for name, value in values.items()
        if name not in _OF_THE_GRADE
    )


def _check_same(values: AbstractMapping[str, Any], known: _Sample) -> None:
    said = _said(values)
    if said == known.said:
        return
    names = [name for name in values if name not in _OF_THE_GRADE]
    places = range(0, len(said), _NAME_BYTES)
    differ = [
        name
        for name, at in zip(names, places, strict=True)
        if said[at : at + _NAME_BYTES] != known.said[at : at + _NAME_BYTES]
    ]
    raise ValueError(
        f"epoch {values['epoch']} of item {values['item_id']!r}: not as in the row of grader {known.grader!r} are "
        f"{', '.join(differ)}; rows of one sample may differ in grader, grade_repeat and score alone: map epoch so "
        "that it tells samples apart, and leave out what is the grader's own"
    )
