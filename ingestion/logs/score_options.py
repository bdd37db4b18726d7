"""What a person says about scores that a log does not say itself: which scorer, on which scale, with which grades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.verdicts import Scale
from warehouse.keys import canonical_json, digest

_VERSIONS = 100


@dataclass(frozen=True)
class ScoreOptions:
    """The wishes of one import.

    Attributes:
        scorer: which scorer or metric to read; a scorer that gives several values as `scorer:value`.
        scale: worst and best number.
        grades: what letters and words mean, from 0 to 1.
    """

    scorer: str | None = None
    scale: Scale | None = None
    grades: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is wished."""
        return bool(self.scorer or self.scale or self.grades)

    def version(self, reader: int) -> int:
        """The reader's version with these wishes: by others, the same file gives other scores."""
        if not self:
            return reader
        scale = [self.scale.worst, self.scale.best] if self.scale else None
        # A scorer alone has the number that it always had, so that nothing is read again.
        told = canonical_json([self.scorer, scale, dict(self.grades)]) if scale or self.grades else str(self.scorer)
        return reader + _VERSIONS * int(digest(told, 6), 16)

    def is_current(self, version: int, reader: int) -> bool:
        """Whether a file that was read by that version has the same rows; without a wish, what any wish gave stays."""
        return version == self.version(reader) or (not self and version % _VERSIONS == reader)


def score_options(
    scorer: str | None = None, scale: tuple[float, float] | None = None, grades: Sequence[str] = ()
) -> ScoreOptions:
    """The options as they are written on a command line.

    Raises:
        ValueError: if the scale has no length, or a grade is not written as `A=1`.
    """
    meanings: dict[str, float] = {}
    for given in grades:
        word, sign, value = given.rpartition("=")
        try:
            meanings[word.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign or not word.strip() or not 0 <= meanings[word.strip()] <= 1:
            raise ValueError(f"--grade {given}: write what the scorer wrote and its score from 0 to 1, as in A=1")
    return ScoreOptions(scorer, None if scale is None else Scale(*scale), meanings)
