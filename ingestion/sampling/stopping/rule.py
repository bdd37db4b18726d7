"""The rule by which a pool has enough: looks after whole epochs, on a schedule that is fixed beforehand.

A pool stops when its interval is as narrow as wanted, or when it cannot become so. That rule looks at how wide the
interval is, and never at where it lies. Width goes with the number of items and samples and with how scattered answers
are; whether the interval holds the true value has next to nothing to do with it, so that looking again and again costs
no coverage (Chow and Robbins 1965, fixed-width sequential intervals). A pool that stops at a verdict does look at where
its interval lies, and spends 5 % over all its looks (`spending`). Where a few items decide, an interval may be narrow,
or clear, by luck: `ENOUGH_WRONG` items' worth of wrong answers have to be there. `benchmarks/adaptive_epochs.py`
measures what that comes to.

All items of a pool get the same epochs. Stopping item by item, at those whose answers agree so far, would leave their
variance at 0 for ever: the same benchmark shows how far off the pool's incoherence then is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, sqrt

from ingestion.sampling.spec.epochs import EpochsUntil
from ingestion.sampling.stopping.interval import Interval
from ingestion.sampling.stopping.spending import levels

GROWTH = 1.25
"""Each look has about so many times the epochs of the one before."""

ENOUGH_WRONG = 10.0
"""Wrong answers, counted in items that are always wrong, before a narrow interval is believed."""

FLOOR = {"typical": 0.84, "hard": 0.45}
"""Width of the interval with any number of samples, times √ items, in two simulated populations of the benchmark: what
is known before the first sample. Where all items are alike there is no such floor."""


class State(StrEnum):
    """What a look comes to."""

    GO_ON = "go on"
    REACHED = "reached"
    OUT_OF_REACH = "out of reach"
    AT_MOST = "at most"


@dataclass(frozen=True)
class Look:
    """What a pool looks like after some epochs.

    Attributes:
        n_epochs: how many.
        interval: from them.
        state: what follows.
    """

    n_epochs: int
    interval: Interval
    state: State


def schedule(least: int, most: int) -> tuple[int, ...]:
    """Epochs after which a pool is looked at."""
    looks = [least]
    while looks[-1] < most:
        looks.append(min(most, max(looks[-1] + 1, round(looks[-1] * GROWTH))))
    return tuple(looks)


def judge(interval: Interval, n_epochs: int, rule: EpochsUntil) -> Look:
    """Whether a pool has enough after `n_epochs`, which is one of the schedule's."""
    is_enough = _is_narrow(interval, rule.width) if rule.width is not None else _is_clear(interval, n_epochs, rule)
    if is_enough and interval.wrong_items >= ENOUGH_WRONG:
        return Look(n_epochs, interval, State.REACHED)
    if n_epochs >= rule.to:
        return Look(n_epochs, interval, State.AT_MOST)
    at_best = None if rule.width is None else interval.width_at(rule.to / n_epochs, at_least=True)
    is_hopeless = at_best is not None and rule.width is not None and at_best > rule.width
    return Look(n_epochs, interval, State.OUT_OF_REACH if is_hopeless else State.GO_ON)


def _is_narrow(interval: Interval, wanted: float) -> bool:
    return interval.width is not None and interval.width <= wanted


def _is_clear(interval: Interval, n_epochs: int, rule: EpochsUntil) -> bool:
    looks = schedule(rule.least, rule.to)
    return interval.width is not None and interval.p_half <= levels(looks)[looks.index(n_epochs)]


def told(look: Look, rule: EpochsUntil) -> str:
    """Why a pool has the epochs that it has, for people."""
    interval, width = look.interval, look.interval.width
    ends = {State.GO_ON: "goes on", State.AT_MOST: f"no more are allowed (to: {rule.to})"}
    if width is None:
        return f"no interval yet ({interval.note}): {ends[look.state]}"
    why = f"interval {interval.low:.3f} to {interval.high:.3f}"
    few = f", but fewer than {ENOUGH_WRONG:g} items' worth of wrong answers"
    if rule.width is None:
        more = "more" if (interval.ratio or 0.0) > 0.5 else "less"
        if look.state is State.REACHED:
            return f"{why}: {more} than half of the error is variance"
        why += few if _is_clear(interval, look.n_epochs, rule) else ", cannot tell which half it is in"
        return f"{why}: {ends[look.state]}"
    why += f", {width:.3f} wide"
    if look.state is State.REACHED:
        return f"{why}: enough"
    if look.state is State.OUT_OF_REACH:
        at_best = interval.width_at(rule.to / look.n_epochs, at_least=True)
        return f"{why}: {rule.to} epochs leave {at_best:.3f} at best, {_floor_of(interval, rule.width)}"
    if width <= rule.width:
        return f"{why}{few}: {ends[look.state]}"
    floor = f"; {_floor_of(interval, rule.width)}" if look.state is State.AT_MOST else ""
    return f"{why}: {ends[look.state]}{floor}"


def _floor_of(interval: Interval, wanted: float) -> str:
    floor = interval.width_at(inf)
    if floor is None or floor <= wanted:
        return f"wanted {wanted:g}; more epochs would do"
    n = ceil(interval.n_items * (floor / wanted) ** 2)
    among = "" if interval.n_clusters is None else f" in {interval.n_clusters:,} clusters"
    return (
        f"wanted {wanted:g}; its {interval.n_items:,} items{among} alone leave {floor:.3f} however often they are "
        f"asked, and it takes more than {n:,} items{among and ', in clusters as large as these'}"
    )


def known_beforehand(n_items: int, rule: EpochsUntil) -> str | None:
    """What items alone make unlikely, before anything is asked; None if they do not."""
    if (wanted := rule.width) is None:
        return None
    typical, hard = (FLOOR[name] / sqrt(n_items) for name in ("typical", "hard"))
    if wanted >= typical:
        return None
    n = ceil((FLOOR["typical"] / wanted) ** 2)
    return (
        f"{n_items:,} items {'are' if wanted < hard else 'may be'} too few for an interval {wanted:g} wide: however "
        f"often they are asked, simulated items leave {hard:.2f} (hard) to {typical:.2f} (typical); "
        f"ask {n:,} or more, or allow a wider one"
    )
