"""Where the rule of `ingestion.sampling.stopping` stops a pool, and what a flat design would have taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptive_courses import FLAT, LEAST, MOST, POOLS, Course, intervals
from benchmarks.populations import draw_items, improved
from ingestion.sampling.stopping.rule import ENOUGH_WRONG, schedule
from ingestion.sampling.stopping.spending import ALPHA, levels


@dataclass(frozen=True)
class Stops:
    """Where the rule stops each draw of a course.

    Attributes:
        at: (draws,) place in the course's epochs.
        is_reached, is_given_up: (draws,) why; else the last epoch has come.
    """

    at: NDArray[np.int64]
    is_reached: NDArray[np.bool_]
    is_given_up: NDArray[np.bool_]


def follow(course: Course, wanted: float) -> Stops:
    """Where `ingestion.sampling.stopping.rule.judge` stops each draw, all draws at once."""
    looks = [course.epochs.index(epoch) for epoch in schedule(course.epochs[0], course.epochs[-1])]
    width, at_best, wrong = course.width[looks], course.at_best[looks], course.wrong_items[looks]
    is_reached = (width <= wanted) & (wrong >= ENOUGH_WRONG)
    is_given_up = ~is_reached & (at_best > wanted)
    ends = is_reached | is_given_up
    ends[-1] = True
    first = ends.argmax(axis=0)
    draws = np.arange(ends.shape[1])
    at = np.array(looks)[first]
    return Stops(at, is_reached[first, draws], is_given_up[first, draws] & (first < len(looks) - 1))


def smallest_flat(courses: Sequence[Course], wanted: float) -> int | None:
    """The fewest epochs with which the mean width of every pool is as wanted."""
    means = np.array([np.nanmean(course.width, axis=1) for course in courses])
    there = np.nonzero((means <= wanted).all(axis=0))[0]
    return courses[0].epochs[int(there[0])] if len(there) else None


def compare(pools: dict[str, Course], wanted: float) -> dict[str, Any]:
    """One experiment at one width."""
    courses = list(pools.values())
    flat = smallest_flat(courses, wanted)
    of_pools = {name: told_of(course, wanted, flat) for name, course in pools.items()}
    epochs = [told["mean_epochs"] for told in of_pools.values()]
    share = None if flat is None else sum(epochs) / (flat * len(epochs))
    return {"wanted_width": wanted, "flat_epochs": flat, "share": share, "pools": of_pools}


def experiment_of(pools: dict[str, Course]) -> list[dict[str, Any]]:
    """One experiment at the widths that flat designs reach on average in the pool that needs most."""
    means = {flat: [np.nanmean(course.width[course.epochs.index(flat)]) for course in pools.values()] for flat in FLAT}
    return [compare(pools, float(max(means[flat]))) for flat in FLAT]


def told_of(course: Course, wanted: float, flat: int | None = None) -> dict[str, Any]:
    """What the rule does to a pool, beside the flat design."""
    stops = follow(course, wanted)
    draws = np.arange(len(stops.at))
    width, holds = course.width[stops.at, draws], course.holds[stops.at, draws]
    ratio = course.ratio[stops.at, draws]
    is_shown = ~np.isnan(width)
    told: dict[str, Any] = {
        "mean_epochs": float(np.array(course.epochs)[stops.at].mean()),
        "reached": float(stops.is_reached.mean()),
        "given_up": float(stops.is_given_up.mean()),
        "mean_width": _mean(width[is_shown]),
        "shown": float(is_shown.mean()),
        "coverage": _mean(holds[is_shown]),
        "n_reached": int(stops.is_reached.sum()),
        "coverage_reached": _mean(holds[stops.is_reached]),
    }
    if flat is not None:
        at = course.epochs.index(flat)
        is_there = ~np.isnan(course.width[at])
        told |= {
            "flat_mean_width": _mean(course.width[at][is_there]),
            "flat_coverage": _mean(course.holds[at][is_there]),
            "bias_in_standard_errors": float((ratio.mean() - course.truth) / ratio.std()),
            "flat_bias_in_standard_errors": float((course.ratio[at].mean() - course.truth) / course.ratio[at].std()),
        }
    return told


def verdicts(course: Course) -> dict[str, Any]:
    """What comes of stopping at a verdict: whether more than half of the error is variance."""
    looks = schedule(course.epochs[0], course.epochs[-1])
    places = [course.epochs.index(epoch) for epoch in looks]
    p, wrong = course.p_half[places], course.wrong_items[places]
    is_clear = (p <= np.array(levels(looks))[:, None]) & (wrong >= ENOUGH_WRONG)
    ends = is_clear.copy()
    ends[-1] = True
    first = ends.argmax(axis=0)
    draws = np.arange(ends.shape[1])
    at = np.array(places)[first]
    decided, ratio = is_clear[first, draws], course.ratio[at, draws]
    holds, is_shown = course.holds[at, draws], ~np.isnan(course.width[at, draws])
    is_wrong = decided & ((ratio > 0.5) != (course.truth > 0.5) if abs(course.truth - 0.5) > 1e-3 else True)
    return {
        "truth": course.truth,
        "mean_epochs": float(np.array(course.epochs)[at].mean()),
        "decided": float(decided.mean()),
        "decided_wrongly": float(is_wrong.mean()),
        "decided_by_all_epochs": float((course.p_half[-1] <= ALPHA).mean()),
        "coverage": _mean(holds[is_shown]),
    }


def _mean(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None


def item_by_item(pool: str, n_items: int, n_draws: int, seed: int) -> dict[str, float]:
    """What comes of stopping at items whose first answers agree, and asking the others to the end."""
    population, better = POOLS[pool]
    rng = np.random.default_rng([seed, n_items])
    probs = improved(draw_items(population, (n_draws, n_items), rng).probs, better)[:, :, None, :]
    counts = rng.multinomial(LEAST, probs).astype(float)
    whole = counts + rng.multinomial(MOST - LEAST, probs)
    agrees = counts.max(axis=-1, keepdims=True) == LEAST
    stopped = intervals(np.where(agrees, counts, whole), 1.0)[0]
    flat = intervals(whole, 1.0)[0]
    return {
        "mean_epochs": float(np.where(agrees, LEAST, MOST).mean()),
        "bias_in_standard_errors": float((stopped.mean() - flat.mean()) / flat.std()),
    }


def floor(pool: str, n_items: int, n_draws: int, seed: int) -> float:
    """Width of the interval with any number of samples, times √ items."""
    population, better = POOLS[pool]
    rng = np.random.default_rng([seed, n_items])
    probs = improved(draw_items(population, (n_draws, n_items), rng).probs, better)[:, :, None, :]
    width = intervals(rng.multinomial(1_000, probs).astype(float), 1.0)[3]
    return float(np.nanmean(width)) * n_items**0.5
