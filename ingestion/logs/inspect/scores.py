"""What Inspect's scorers said: which of them is read, and its score as a graded outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.logs.inspect.types import Header, Score
from ingestion.logs.score_options import ScoreOptions
from ingestion.verdicts import INSPECT_LETTERS, Grade, Grades

_OTHER_MEANINGS = {
    frozenset("C"): "C, which may not mean correct",
    frozenset("P"): "P, which may mean passed",
    frozenset("NP"): "N and P, which may mean negative and positive",
}
"""Letters of Inspect's that are those of another convention if no other letter stands beside them."""


class ScorerGrades:
    """What one scorer gave, over a whole log, as graded outcomes.

    Args:
        name: the scorer, for messages.
        options: the scale and the meaning of words that a person gives.
        metrics: the metrics that the log lists for it; None if it does not say.
    """

    def __init__(self, name: str, options: ScoreOptions, metrics: Any) -> None:
        self._named = f"scorer {name!r}"
        self._is_scaled = options.scale is not None
        self._metrics = metrics
        self._grades = Grades(options.scale, options.grades, INSPECT_LETTERS)
        self._known: dict[str, Grade] = {}

    def of(self, value: Any, prompt_format: str) -> Grade:
        """One value as a graded outcome in [0, 1], 1 being right, or why it is none; see `withdrawn`.

        In probability format a number is a scoring rule (Brier, log), where less is better, so only verdicts (C, I,
        true …) count there.
        """
        if prompt_format == "probability" and not self._is_scaled and not isinstance(value, bool | str):
            return Grade(None, f"{self._named} gives numbers where probabilities were asked for")
        if isinstance(value, str):  # of a few verdicts, thousands of times
            if value not in self._known:
                self._known[value] = self._grade(value)
            return self._known[value]
        return self._grade(value)

    def _grade(self, value: Any) -> Grade:
        grade = self._grades.of(value)
        return grade if grade.unscored is None else Grade(None, f"{self._named}: {grade.unscored}")

    @property
    def withdrawn(self) -> str | None:
        """Why none of them stands, now that all were seen; None if they stand."""
        reason = self._grades.withdrawn
        strange = _OTHER_MEANINGS.get(frozenset(self._grades.single_letters))
        if reason is None and strange and self._metrics == []:
            # No metric of Inspect's reads this scorer, so its C may be the third of A to F.
            reason = f"its only grades are {strange}: {self._grades.ask_words}"
        return None if reason is None else f"{self._named}: {reason}"


class ScorerChoice:
    """The one scorer of a log that is read, for all its samples.

    It is the one asked for; else the run's headline, else the first that the task lists, else the first of the first
    sample with scores.

    Args:
        header: the log's header.
        options: the scorer that the caller wants, its scale and what its words mean.

    Attributes:
        name: the scorer; None until a sample has scores.
        key: which of several values of it is read; None for its only one.
        others: scorers of the samples seen so far that are not read.
        is_used: whether any sample had a score by it.
    """

    def __init__(self, header: Header, options: ScoreOptions | None = None) -> None:
        self._options = options or ScoreOptions()
        headline = header.results.headline if header.results else None
        self._metrics = metrics_of(header)
        self._wanted = [name for name in (headline.scorer if headline else None, *self._metrics) if name]
        self.key = headline.score if headline else None
        self._asked = self._options.scorer
        self._grades: ScorerGrades | None = None
        self.name: str | None = None
        self.others: set[str] = set()
        self.is_used = False

    def of(self, scores: Mapping[str, Score]) -> Score | None:
        """The score that is read; None if the sample has none by that scorer."""
        if self.name is None and scores:
            self.name = self._decide(scores)
            self._grades = ScorerGrades(self.name, self._options, self._metrics.get(self.name))
        self.others.update(name for name in scores if name != self.name)
        score = scores.get(self.name) if self.name else None
        self.is_used |= score is not None
        return score

    def _decide(self, scores: Mapping[str, Score]) -> str:
        if self._asked is None:
            return next((name for name in self._wanted if name in scores), next(iter(scores)))
        scorer, sign, key = self._asked.rpartition(":")
        if self._asked not in scores and sign and scorer in scores:
            self.key = key
            return scorer
        return self._asked

    def grade(self, score: Score | None, prompt_format: str) -> Grade:
        """The score as a graded outcome in [0, 1], 1 being right, or why it is none; see `ScorerGrades`.

        A dictionary of values counts by the run's headline, or by its only entry.
        """
        if score is None or self._grades is None:
            return Grade(None, f"scorer {self.name!r} gave them none" if self.name else None)
        value = score.value
        if isinstance(value, Mapping):
            key = self.key if self.key in value else next(iter(value)) if len(value) == 1 else None
            if key is None:
                names = ", ".join(map(str, value))
                return Grade(
                    None, f"scorer {self.name!r} gives several values ({names}): name one with {self._example(value)}"
                )
            value = value[key]
        return self._grades.of(value, prompt_format)

    @property
    def withdrawn(self) -> str | None:
        """Why no score of the log stands, now that all were seen; None if they stand."""
        return None if self._grades is None else self._grades.withdrawn

    def _example(self, value: Mapping[str, Any]) -> str:
        return f"--scorer {self.name}:{next(iter(value), 'VALUE')}"


def metrics_of(header: Header) -> dict[str, Any]:
    """The scorers that the task lists, in their order, each with its metrics."""
    return {scorer.name: scorer.metrics for scorer in header.eval.scorers or []}
