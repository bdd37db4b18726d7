"""Verdicts in words, and numbers and letters that mean something only on their scorer's scale."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.logs.score_options import ScoreOptions, score_options
from ingestion.verdicts import INSPECT_LETTERS, Grades, Scale, has_passed, verdict


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *(
            (word, 1.0)
            for word in ("correct", "Correct", "CORRECT", " pass ", "Passed", "true", "Yes", "resolved", "OK")
        ),
        *((word, 0.0) for word in ("incorrect", "WRONG", "Fail", "failed", "no", "False", "not resolved", "no_answer")),
        *((word, 0.5) for word in ("partial", "Partially correct", "PARTIALLY_CORRECT", "partly-right")),
        *((word, None) for word in ("C", "A", "great", "", "1", "0.5", "maybe", "error", "not wrong")),
    ],
)
def test_words_mean_the_same_in_any_case(word: str, expected: float | None) -> None:
    assert verdict(word) == expected
    assert Grades().of(word).score == (float(word) if word in ("1", "0.5") else expected)


def test_what_a_unit_test_did() -> None:
    passed = [True, 1, "PASSED", "pass", "xfail", "ok", "1"]
    failed = [False, 0, "failed", "ERROR", "skipped", "timeout", "0"]
    assert [has_passed(outcome) for outcome in passed] == [True] * len(passed)
    assert [has_passed(outcome) for outcome in failed] == [False] * len(failed)
    assert [has_passed(outcome) for outcome in (None, 2, 0.5, "partial", "?", [], {})] == [None] * 7


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1, 8, 10, 7], "from 1 to 10"),
        ([1, 1, 1, 2], "from 1 to 2"),
        (["1", "5", "3"], "from 1 to 5"),
        ([-1, 1, 1], "from -1 to 1"),
        ([0.2, 55.0], "from 0.2 to 55"),
        (["A", "C", "B"], r"letters \(A, B, C\)"),
        (["Y", "N"], r"letters \(N, Y\)"),
        ([math.inf, 0.5], "from 0.5 to inf"),
        ([10**400, 0], "from 0 to inf"),
    ],
)
def test_a_scale_that_is_not_known_withdraws_every_score(values: list[Any], reason: str) -> None:
    grades = Grades(letters=INSPECT_LETTERS)
    for value in values:
        grades.of(value)
    assert grades.withdrawn is not None
    assert re.search(reason, grades.withdrawn)


@pytest.mark.parametrize(
    "values", [[0, 1, 1], [0.65, 1.0], [True, False], ["C", "I", "P", "N"], ["pass", 0.5], [1 + 1e-12, -1e-12], [None]]
)
def test_a_scale_that_is_known_lets_them_stand(values: list[Any]) -> None:
    grades = Grades(letters=INSPECT_LETTERS)
    found = [grades.of(value).score for value in values]
    assert grades.withdrawn is None
    assert all(score is None or 0 <= score <= 1 for score in found)


def test_what_cannot_be_read_is_named() -> None:
    grades = Grades()
    told = [grades.of(value).unscored for value in (None, math.nan, "nan", "", "great", [1], {"a": 1})]
    assert told == [
        *["its value is NaN or empty"] * 4,
        "its value 'great' is no verdict",
        "its value is a list",
        "its value is a group of several values",
    ]


def test_a_person_says_what_values_mean() -> None:
    options = score_options("judge", (1, 10), ["A=1", "B=0", "so so=0.25"])
    grades = Grades(options.scale, options.grades, INSPECT_LETTERS)
    values = [1, 5.5, "10", 11, "A", "B", "so so", "pass"]
    assert [grades.of(value).score for value in values] == [0.0, 0.5, 1.0, None, 1.0, 0.0, 0.25, 1.0]
    assert grades.of(0).unscored == "its value is outside the scale 1 to 10"
    assert grades.withdrawn is None
    assert [Grades(Scale(10, 1)).of(value).score for value in (10, 1)] == [0.0, 1.0]
    assert [Grades(lower_is_better=True).of(value).score for value in (0, 0.25, True, "pass")] == [1.0, 0.75, 0.0, 1.0]


@pytest.mark.parametrize("scale", [(1, 1), (0, math.inf), (math.nan, 1)])
def test_a_scale_without_a_length_is_refused(scale: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="give the worst and the best value"):
        score_options(scale=scale)


@pytest.mark.parametrize("grade", ["A", "A=", "=1", "A=2", "A=x", "A=nan"])
def test_a_grade_is_a_word_and_a_score(grade: str) -> None:
    with pytest.raises(ValueError, match="as in A=1"):
        score_options(grades=[grade])


def test_other_wishes_are_other_versions_of_a_reader() -> None:
    wishes = [
        ScoreOptions(),
        score_options("a"),
        score_options("b"),
        score_options(scale=(1, 10)),
        score_options(grades=["A=1"]),
    ]
    versions = [wish.version(4) for wish in wishes]
    assert len(set(versions)) == len(versions) and all(version % 100 == 4 and version < 2**31 for version in versions)
    assert all(wish.is_current(wish.version(4), 4) for wish in wishes)
    assert all(ScoreOptions().is_current(version, 4) for version in versions)  # without a wish, what was read stays
    assert not any(wishes[1].is_current(version, 4) for version in versions if version != versions[1])
    assert not ScoreOptions().is_current(versions[1] - 1, 4)


@given(st.lists(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), max_size=20))
def test_a_score_is_from_0_to_1_or_has_a_reason(values: list[Any]) -> None:
    grades = Grades(letters=INSPECT_LETTERS)
    for value in values:
        grade = grades.of(value)
        assert (grade.score is None) != (grade.unscored is None)
        assert grade.score is None or 0 <= grade.score <= 1
    if any(isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 2 for value in values):
        assert grades.withdrawn is not None
