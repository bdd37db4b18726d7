"""What graders write, as a graded outcome in [0, 1]: verdicts in words, letters, and numbers on a scale.

A word means the same wherever it comes from (`verdict`, `has_passed`). A number or a letter means something only on its
scorer's scale, and one value does not tell the scale: 1 is the best of 0 to 1 and the worst of 1 to 10. So `Grades`
looks at all values of a scorer or a column and says at the end whether they were on a scale that is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_RIGHT = (
    *("correct", "right", "true", "yes", "pass", "passed", "success", "successful", "succeeded", "resolved", "solved"),
    *("accepted", "ok"),
)
_WRONG = (
    *("incorrect", "wrong", "false", "no", "fail", "failed", "failure", "unsuccessful", "unresolved", "unsolved"),
    *("rejected", "not correct", "not passed", "not resolved", "not solved"),
    *("no answer", "noanswer", "not attempted", "unanswered"),
)
_PARTIAL = (
    *("partial", "partially", "partly", "partially correct", "partly correct", "partial credit"),
    *("partially resolved", "partially right", "partly right"),
)
_VERDICTS = dict.fromkeys(_RIGHT, 1.0) | dict.fromkeys(_WRONG, 0.0) | dict.fromkeys(_PARTIAL, 0.5)
_NOT_PASSED = frozenset({"error", "errored", "skipped", "skip", "timeout", "timed out"})

INSPECT_LETTERS: Mapping[str, float] = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Inspect's grades: correct, incorrect, partial, no answer (`value_to_float` of inspect-ai)."""

NAN = "its value is NaN or empty"
"""Why a value says nothing."""

OUTSIDE, STRANGE_LETTER = "its value is outside the scale", "its grade is a letter whose meaning is not known"
"""Why one value is no graded outcome where the reason for all, `Grades.withdrawn`, says more."""

_ROUNDING = 1e-9


class Grade(NamedTuple):
    """A graded outcome.

    Attributes:
        score: from 0 to 1, 1 being right; None if there is none.
        unscored: why there is none, in words.
    """

    score: float | None
    unscored: str | None = None


def verdict(value: Any) -> float | None:
    """1, 0.5 or 0 for right, partly right or wrong, in usual words and any case; None for anything else.

    Numbers and single letters are no verdicts: their scale is their scorer's own (`Grades`).
    """
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    return _VERDICTS.get(" ".join(value.strip(" \t\r\n.!").casefold().replace("_", " ").replace("-", " ").split()))


def has_passed(outcome: Any) -> bool | None:
    """Whether a unit test passed, of a truth value, 0, 1 or a word; None if it is none of them.

    What was not run to its end (error, timeout, skipped) has not passed.
    """
    if isinstance(outcome, int | float) and outcome in (0, 1):
        return bool(outcome)
    if not isinstance(outcome, str):
        return None
    word = outcome.strip().casefold()
    if word in _NOT_PASSED:
        return False
    if word in ("xfail", "1", "0"):
        return word != "0"
    told = verdict(word)
    return None if told is None or told == 0.5 else told == 1


@dataclass(frozen=True)
class Scale:
    """What a person says of a scorer's values.

    Attributes:
        worst: the number that is wholly wrong; may be above `best`.
        best: the number that is wholly right.
    """

    worst: float
    best: float

    def __post_init__(self) -> None:
        """Check that there is a way from one end to the other.

        Raises:
            ValueError: if there is none.
        """
        if not (math.isfinite(self.worst) and math.isfinite(self.best)) or self.worst == self.best:
            raise ValueError(f"a scale from {self.worst:g} to {self.best:g}; give the worst and the best value")

    def place(self, value: float) -> float:
        """Where a value is between worst, 0, and best, 1."""
        return (value - self.worst) / (self.best - self.worst)


@dataclass
class Grades:
    """The values of one scorer or one column, over a whole file.

    Args:
        scale: which numbers are worst and best; without it, numbers must be from 0 to 1.
        words: what values that are no verdict mean (`{"A": 1, "B": 0}`).
        letters: what single letters mean by the tool's own convention; none mean anything by default.
        lower_is_better: whether the best number is the lowest, and true is wrong; words say themselves what they mean.
        ask_scale: how a person says the scale, for messages.
        ask_words: how a person says what words mean, for messages.
    """

    scale: Scale | None = None
    words: Mapping[str, float] = field(default_factory=dict)
    letters: Mapping[str, float] = field(default_factory=dict)
    lower_is_better: bool = False
    ask_scale: str = "give it with --scale WORST BEST"
    ask_words: str = "say it with --grade A=1 --grade B=0 …"
    _lowest: float = field(default=math.inf, init=False)
    _highest: float = field(default=-math.inf, init=False)
    _single_letters: set[str] = field(default_factory=set, init=False)

    def of(self, value: Any) -> Grade:
        """One value as a graded outcome. It stands only if `withdrawn` is None after the last value."""
        if isinstance(value, str):
            return self._worded(value.strip())
        if isinstance(value, bool):
            return Grade(float(value is not self.lower_is_better))
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return Grade(None, NAN)
        if isinstance(value, int | float):
            return self._numbered(value)
        return Grade(None, f"its value is a {'list' if isinstance(value, list) else 'group of several values'}")

    @property
    def single_letters(self) -> set[str]:
        """The single letters among the values seen, those that `words` explains left out."""
        return self._single_letters

    @property
    def withdrawn(self) -> str | None:
        """Why none of the values seen is a graded outcome; None if they are."""
        strange = sorted(letter for letter in self._single_letters if letter not in self.letters)
        if strange:
            seen = ", ".join(sorted(self._single_letters))
            return f"its grades are letters ({seen}) whose meaning is not known: {self.ask_words}"
        if self.scale is None and self._lowest <= self._highest and not self._is_unit:
            return (
                f"its values go from {self._lowest:g} to {self._highest:g}, a scale that is not known: {self.ask_scale}"
            )
        return None

    @property
    def _is_unit(self) -> bool:
        return self._lowest >= -_ROUNDING and self._highest <= 1 + _ROUNDING

    def _worded(self, text: str) -> Grade:
        if text in self.words:
            return Grade(self.words[text])
        if len(text) == 1 and text.isalpha():
            letter = text.upper()
            self._single_letters.add(letter)
            if letter not in self.letters:
                return Grade(None, STRANGE_LETTER)
            return Grade(self.letters[letter])
        if (told := verdict(text)) is not None:
            return Grade(told)
        try:
            number = float(text)
        except ValueError:
            shown = text if len(text) <= 30 else text[:29] + "…"
            return Grade(None, f"its value {shown!r} is no verdict" if text else NAN)
        return Grade(None, NAN) if math.isnan(number) else self._numbered(number)

    def _numbered(self, number: float) -> Grade:
        try:
            number = float(number)
        except OverflowError:
            number = math.inf
        self._lowest, self._highest = min(self._lowest, number), max(self._highest, number)
        place = number if self.scale is None else self.scale.place(number)
        if not -_ROUNDING <= place <= 1 + _ROUNDING:
            scale = "0 to 1" if self.scale is None else f"{self.scale.worst:g} to {self.scale.best:g}"
            return Grade(None, f"{OUTSIDE} {scale}")
        place = min(max(place, 0.0), 1.0)
        return Grade(1 - place if self.lower_is_better else place)
