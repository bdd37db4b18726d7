"""Which metric of a task is read, once for a file: the one asked for, else the first of the task's configuration.

A metric says itself whether less is better, in the task's configuration or in the results. Whether its values are on a
scale that is known is decided over the whole file (`ingestion.verdicts.Grades`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.logs.records import RefusedFileError
from ingestion.logs.score_options import ScoreOptions
from ingestion.verdicts import Grade, Grades

_NO_METRIC = frozenset(
    {
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash", "task_hash", "index", "idx"),
    }
)
_LESS_IS_BETTER = frozenset(
    {
        *("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score", "ter", "wer", "cer"),
        *("mse", "mae", "loss", "nll", "ppl"),
    }
)
_OVER_REPEATS = re.compile(r"@\[?\d|^(?:pass|maj|majority|best|cons|avg|mean)[_-]?(?:at|of)[_-]?\d", re.IGNORECASE)


class Metric:
    """The metric of one file; decides itself at the first document.

    Args:
        task_config: the task's configuration.
        told_directions: by metric, whether more is better, from the results.
        options: the metric that the caller wants, its scale and what its words mean.

    Attributes:
        name: the metric; None until a document was seen, or if it has none.
        others: metrics of the file that are not read.
    """

    def __init__(
        self, task_config: Mapping[str, Any], told_directions: Mapping[str, Any], options: ScoreOptions
    ) -> None:
        listed = task_config.get("metric_list")
        entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
        self._listed = [str(entry.get("metric")) for entry in entries]
        self._directions = {**told_directions} | {
            str(entry.get("metric")): entry["higher_is_better"] for entry in entries if "higher_is_better" in entry
        }
        self._options = options
        self._grades = Grades(options.scale, options.grades)
        self._is_decided = False
        self.name: str | None = None
        self.others: list[str] = []

    def decide(self, line: Mapping[str, Any], told: Sequence[str], preferred: str | None = None) -> None:
        """Choose the metric, at the first document.

        Args:
            line: the document's line, which holds metrics by name.
            told: names of its metrics, as it lists them; old versions list none.
            preferred: the metric that the task's kind makes the main one, if the document has it.

        Raises:
            RefusedFileError: if the document has none of the name that was asked for.
        """
        if self._is_decided:
            return
        self._is_decided = True
        there = [name for name in (told or line) if name not in _NO_METRIC and name in line]
        names = sorted(there, key=lambda name: self._listed.index(name) if name in self._listed else len(self._listed))
        if (asked := self._options.scorer) is not None and asked not in names:
            raise RefusedFileError(
                f"no metric {asked!r}; there are {', '.join(names) or 'none'}: name one with --scorer"
            )
        self.name = asked or (preferred if preferred in names else next(iter(names), None))
        self.others = [name for name in names if name != self.name]
        self._grades.lower_is_better = self.lower_is_better and self._options.scale is None

    @property
    def lower_is_better(self) -> bool:
        """Whether the metric says so, or is known to be a loss."""
        told = self._directions.get(self.name or "")
        return told is False or (told is None and self.name in _LESS_IS_BETTER)

    def is_over_repeats(self, filtered: Any, n_repeats: int) -> bool:
        """Whether a document's value is one number over all of its repeats (pass@k)."""
        kept = filtered[0] if isinstance(filtered, list) and filtered else None
        kept_all = isinstance(kept, list) and len(kept) == n_repeats
        return n_repeats > 1 and (kept_all or _OVER_REPEATS.search(self.name or "") is not None)

    def value(self, line: Mapping[str, Any]) -> Any:
        """What the harness wrote for the document, as it wrote it."""
        return line.get(self.name) if self.name else None

    def grade(self, value: Any) -> Grade:
        """A value of the metric as a graded outcome, or why it is none."""
        if self.name is None:
            return Grade(None, "the file has no metric for them")
        grade = self._grades.of(value)
        return grade if grade.unscored is None else Grade(None, f"metric {self.name!r}: {grade.unscored}")

    @property
    def withdrawn(self) -> str | None:
        """Why no score of the file stands, now that all were seen; None if they stand."""
        reason = self._grades.withdrawn
        return None if reason is None else f"metric {self.name!r}: {reason}"
