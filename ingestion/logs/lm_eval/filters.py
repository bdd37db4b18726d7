"""What lm-evaluation-harness makes of a completion: its filters and its exact match, applied to every repeat.

The harness keeps all repeats but filters and scores only the first, so the same is done here for the others. Patterns
come from the log and are not trusted: they run on an engine whose time is linear in the text. Patterns that need more
(look-around, back references) are not applied; the caller then has no extracted text.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INVALID = "[invalid]"
"""What the harness writes where a pattern is not found."""

_PLAIN: dict[str, Callable[[str], str]] = {
    "remove_whitespace": str.lstrip,
    "lowercase": str.lower,
    "uppercase": str.upper,
}
_OVER_REPEATS = ("majority_vote", "take_first_k")


@dataclass(frozen=True)
class Filter:
    """One filter of a task: its name and its steps, as the task's configuration lists them."""

    name: str
    steps: tuple[Mapping[str, Any], ...]

    @property
    def is_per_repeat(self) -> bool:
        """Whether what it gives for a repeat depends on that repeat alone."""
        return not any(step.get("function") in _OVER_REPEATS for step in self.steps)

    @property
    def is_trivial(self) -> bool:
        """Whether it leaves the text as it is."""
        return all(step.get("function") == "take_first" for step in self.steps)


def filters_of(config: Mapping[str, Any]) -> list[Filter]:
    """The filters of a task in its own order; one trivial filter, `none`, if it names none."""
    found = []
    for entry in config.get("filter_list") or []:
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            steps = entry.get("filter") or []
            found.append(Filter(entry["name"], tuple(step for step in steps if isinstance(step, Mapping))))
    return found or [Filter("none", ())]


def default_filter(filters: Sequence[Filter]) -> Filter:
    """The filter whose rows are read: the first that looks at each repeat alone, else the first."""
    return next((known for known in filters if known.is_per_repeat), filters[0])


def extract(texts: Sequence[str], chosen: Filter) -> list[str] | None:
    """What the filter makes of each completion; None if it has a step that is not known here."""
    results = list(texts)
    for step in chosen.steps:
        function = step.get("function")
        if function == "take_first":
            continue
        if function == "regex":
            found = _regex(results, step)
            if found is None:
                return None
            results = found
        elif (plain := _PLAIN.get(str(function))) is not None:
            results = [plain(text) for text in results]
        else:
            return None
    return results


def _regex(texts: list[str], step: Mapping[str, Any]) -> list[str] | None:
    import polars as pl  # here, because it takes 40 MiB that other logs do not need

    pattern = step.get("regex_pattern", r"#### (\-?[0-9\.\,]+)")
    select, fallback = step.get("group_select", 0), step.get("fallback", INVALID)
    if not (isinstance(pattern, str) and isinstance(select, int) and isinstance(fallback, str)):
        return None
    try:
        whole = pl.Series(texts, dtype=pl.String).str.extract_all(pattern).list.get(select, null_on_oob=True)
        groups = whole.str.extract_groups(pattern).to_list()
    except (pl.exceptions.PolarsError, OverflowError):
        return None
    results = []
    for match, named in zip(whole.to_list(), groups, strict=True):
        if match is None:
            results.append(fallback)
            continue
        # Without groups the whole match counts, with several the first that took part.
        parts = list((named or {}).values()) or [match]
        results.append(next((part for part in parts if part), fallback if len(parts) > 1 else "").strip())
    return results


def exact_match_options(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The options of the task's `exact_match` metric; None if it has no such metric."""
    for metric in config.get("metric_list") or []:
        if isinstance(metric, Mapping) and metric.get("metric") == "exact_match":
            return metric
    return None


def exact_matches(answers: Sequence[str], target: str, options: Mapping[str, Any]) -> list[float] | None:
    """1 for each answer that equals the target after what the options ignore, else 0; None on an unknown pattern."""
    import polars as pl

    texts = pl.Series([*answers, target], dtype=pl.String)
    for pattern in options.get("regexes_to_ignore") or []:
        try:
            texts = texts.str.replace_all(str(pattern), "")
        except pl.exceptions.PolarsError:
            return None
    dropped = string.punctuation if options.get("ignore_punctuation") else ""
    dropped += string.digits if options.get("ignore_numbers") else ""
    table = str.maketrans("", "", dropped)
    *given, wanted = (text.lower() if options.get("ignore_case") else text for text in texts.to_list())
    wanted = wanted.translate(table)
    return [float(text.translate(table) == wanted) for text in given]
