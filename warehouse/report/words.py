"""Words and numbers as the page shows them."""

from __future__ import annotations

from warehouse.figures.base import DECOMPOSITION_LABELS, LENGTH_LABELS

NOTES = {
    "no_ratio": "not a ratio",
    "one_sample_per_item": "one sample per item",
    "no_errors": "nothing went wrong",
    "all_identical": "no answer ever changed",
    "one_item": "one item",
    "too_few_errors": "too few errors",
    "near_ties": "answers too close to call",
    "too_few_contexts": "two contexts",
    "out_of_range": "at the end of its range",
    "no_spread": "all items alike",
}
"""Why an incoherence has no interval, for people (`interval_note`)."""

VERDICTS = {
    "holds": "holds",
    "does_not_hold": "does not hold",
    "negligible": "negligible",
    "cannot_tell": "cannot tell",
}

SHORT_VERDICTS = VERDICTS | {"does_not_hold": "no"}
"""For the cells of a table with many columns."""


def number(value: float | None, spec: str = ".3f") -> str:
    """A number, with a minus sign that is one; a dash for what is missing."""
    return "–" if value is None else format(value, spec).replace("-", "−")


def interval(low: float | None, high: float | None, spec: str = ".2f") -> str:
    """Both ends of an interval; nothing where there is none."""
    if low is None or high is None:
        return ""
    joint = " to " if low < 0 or "+" in spec else "–"
    return f"{number(low, spec)}{joint}{number(high, spec)}"


def note(name: str | None) -> str:
    """Why there is no interval; what is not known here is shown as it is."""
    return "" if name is None else NOTES.get(name, name.replace("_", " "))


def verdict(name: str) -> str:
    """A verdict in words; what is not known here is shown as it is."""
    return VERDICTS.get(name, name.replace("_", " "))


def decomposition(name: str) -> str:
    """What the error was decomposed by."""
    return DECOMPOSITION_LABELS.get(name, name)


def length(name: str | None) -> str:
    """What reasoning length is counted in."""
    return LENGTH_LABELS.get(name or "", "length")


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """`1 model`, `2 models`."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.0f} %"
