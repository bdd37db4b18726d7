"""Samples that nothing in their file judges: counted by the reason, for all readers alike.

Judged is a sample with a score, with unit tests, or of an item with options and a target; and one that ended in no
answer or at a limit, which counts as wrong where the file judges the others. Errors and refusals enter nothing and are
no part of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ingestion.verdicts import NAN, OUTSIDE, STRANGE_LETTER

NO_SCORER = "nothing in the file judges them: neither a scorer nor a target"
"""The reason of a file that never meant to judge (answers for embeddings): told, and no fault."""

NO_COMPARISON = "their items have a target, and nothing compares the answers with it"

_ENTERING = ("ok", "limit", "format_failure")
_MOST_REASONS = 3


class Unscored:
    """The count for one file, brought up to date row by row: an item comes before its samples, unit tests after.

    Attributes:
        n_entering: samples that would enter a decomposition.
        reasons: of those that nothing judges, how many for each reason.
        n_nan: samples whose score is NaN and whose option judges them.
        is_judged: whether the file judges open answers; known when its last row was seen (`finish`). Where it does not,
            an answer that is missing is not wrong either.
    """

    def __init__(self) -> None:
        self.n_entering = 0
        self.reasons: Counter[str] = Counter()
        self.n_nan = 0
        self.is_judged = True
        self._n_ended = 0
        self._n_tested = 0
        self._keys: dict[str, tuple[bool, bool]] = {}
        self._n_by_score = 0
        self._last: str | None = None
        self._last_is_scored = False

    def item(self, values: Mapping[str, Any]) -> None:
        """An item's row."""
        # An answer key is made of options and target, so it tells of all items that have it.
        key = values["answer_key_id"]
        self._keys[key] = (values.get("target_index") is not None, bool(values.get("target_text")))

    def sample(self, values: Mapping[str, Any], reason: str | None) -> None:
        """A sample's row, and why it has no score, as far as its reader knows."""
        self._last = None
        status = values["status"]
        if status not in _ENTERING:
            return
        self.n_entering += 1
        has_classes, has_target = self._keys.get(values["answer_key_id"], (False, False))
        if has_classes:
            self.n_nan += reason is not None and status == "ok" and NAN in reason
        if has_classes:
            return
        if status != "ok":
            self._n_ended += 1
            return
        self._last_is_scored = values.get("score") is not None
        self._n_by_score += self._last_is_scored
        self._last = reason or (NO_COMPARISON if has_target else NO_SCORER)
        if not self._last_is_scored:
            self.reasons[self._last] += 1

    def test(self) -> None:
        """A unit test of the last sample: it is judged by its tests."""
        if self._last is None:
            return
        self._n_tested += 1
        if self._last_is_scored:
            self._n_by_score -= 1
        else:
            self.reasons[self._last] -= 1
        self._last = None

    def finish(self, withdrawn: str | None) -> None:
        """The last row was seen.

        Args:
            withdrawn: why no score of the file stands; None if they stand.
        """
        if withdrawn:
            explained = [told for told in self.reasons if OUTSIDE in told or STRANGE_LETTER in told]
            self.reasons[withdrawn] += self._n_by_score + sum(self.reasons.pop(told) for told in explained)
            self._n_by_score = 0
        # A file in which nothing ran to its end and nothing is scored may judge all the same.
        is_silent = self.n > 0 and not self._n_by_score and not self._n_tested
        if self._n_ended and (withdrawn or is_silent):
            self.is_judged = False
            self.reasons[withdrawn or self.reasons.most_common(1)[0][0]] += self._n_ended

    @property
    def n(self) -> int:
        """Samples that nothing judges."""
        return sum(self.reasons.values())

    @property
    def is_most(self) -> bool:
        """Whether more than half of the samples are unjudged although the file has a scorer or a target."""
        return 2 * (self.n - self.reasons[NO_SCORER]) > self.n_entering

    def notice(self) -> str | None:
        """How many samples have no score, and why; None if all have one."""
        reasons = [(reason, n) for reason, n in self.reasons.most_common() if n > 0]
        if not reasons:
            return f"{self.n_nan:,} scores are NaN or empty; their options judge these samples" if self.n_nan else None
        shown = [f"{reason} ({n:,})" if len(reasons) > 1 else reason for reason, n in reasons[:_MOST_REASONS]]
        if len(reasons) > _MOST_REASONS:
            shown.append(f"and {len(reasons) - _MOST_REASONS} other reasons")
        return f"{self.n:,} of {self.n_entering:,} samples have no score, because {'; '.join(shown)}"
