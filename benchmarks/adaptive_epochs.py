"""How many samples does it save to stop at an interval's width, and what does it cost in coverage?

`python -m benchmarks.adaptive_epochs` samples simulated pools (`benchmarks/populations.py`) epoch by epoch, stops them
by the rule of `ingestion.sampling.stopping`, and compares with flat designs, in which all pools get the same epochs:

- An experiment is several pools with the same number of items; wanted is an interval of a width in every one of them.
- The smallest flat design that reaches it on average has the fewest epochs E with which the mean width (over draws) of
  every pool is as wanted: E is what the pool that needs most needs. Nobody knows that number beforehand.
- `share` is the samples of the adaptive design, all pools together, over those of that flat one. For one pool alone
  there is nothing to move, and the share says what is lost by not knowing.

Widths are chosen so that the flat design needs 8, 12, 20 or 30 epochs. With `--replay ROOT` the pools are those of a
warehouse with repeated runs (`benchmarks/replayed_runs.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.item_numbers import of_misses
from benchmarks.populations import (
    CONTEXT_SD,
    N_CONTEXTS,
    Array,
    draw_items,
    improved,
    shifted,
    true_incoherence,
)
from ingestion.sampling.stopping.interval import settings, t_975
from ingestion.sampling.stopping.rule import ENOUGH_WRONG, FLOOR, schedule
from ingestion.sampling.stopping.spending import ALPHA, levels, p_value
from warehouse.layout import Layout

RESULT = Path(__file__).with_name("results") / "adaptive_epochs.json"

LEAST, MOST = 5, 30
FLAT = (8, 12, 20, 30)
"""Epochs of the flat designs whose widths are wanted."""

SIZES = (50, 200, 448)
POOLS: dict[str, tuple[str, float]] = {
    "typical": ("typical", 0.0),
    "hard": ("hard", 0.0),
    "chance": ("chance", 0.0),
    "easy99": ("easy99", 0.0),
    "heavy": ("heavy", 0.0),
    "families": ("families", 0.0),
    "contexts": ("contexts", 0.0),
    "typical, knows 30 %": ("typical", 0.3),
    "typical, knows 60 %": ("typical", 0.6),
}
"""Pools: a population, and how often the model knows the answer and does not answer by it."""

JUDGED = ("typical", "hard", "chance", "typical, knows 60 %", "heavy")
"""Pools that are stopped at a verdict."""

EXPERIMENTS = {
    "typical, hard and chance": ("typical", "hard", "chance"),
    "three models of a kind": ("typical", "typical, knows 30 %", "typical, knows 60 %"),
    **{f"{name} alone": (name,) for name in ("typical", "hard", "chance", "typical, knows 60 %")},
}


@dataclass(frozen=True)
class Course:
    """Many draws of a pool, epoch by epoch.

    Attributes:
        epochs: those at which it is looked at here, the schedule of the rule among them.
        ratio, low, high, at_best, wrong_items, p_half: (epochs, draws) estimate, ends of its interval, the least width
            that the last epoch may leave (at the looks of the rule), wrong answers in items that are always wrong; NaN
            where there is none.
        truth: what the interval should hold.
    """

    epochs: tuple[int, ...]
    ratio: Array
    low: Array
    high: Array
    at_best: Array
    wrong_items: Array
    p_half: Array
    truth: float

    @property
    def width(self) -> Array:
        """(epochs, draws)."""
        return self.high - self.low

    @property
    def holds(self) -> NDArray[np.bool_]:
        """(epochs, draws) whether the interval holds the truth."""
        held: NDArray[np.bool_] = (self.low <= self.truth) & (self.truth <= self.high)
        return held


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


def intervals(counts: Array, more: float | None, *, at_least: bool = True) -> tuple[Array, ...]:
    """`pool_interval` for many draws of one-hot answers: ratio, low, high, width with `more`, wrong items, p_half.

    Args:
        counts: (draws, items, contexts, options), option 0 right.
        more: how many times as many samples; None leaves that width out (NaN), and most of the work.
        at_least: the least that the width with them may be, rather than what is expected.
    """
    sizes = counts.sum(axis=-1)
    misses = counts.copy()
    misses[..., 0] -= sizes
    error, _, variance, error_shift, variance_shift = of_misses(misses, sizes, 1)
    n, total = error.shape[1], error.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = variance.sum(axis=1) / total
        at = ratio[:, None]
        residual = variance - at * error
        of_items = (n - 1) / n * np.nan_to_num(residual / (1 - error / total[:, None]), posinf=0, neginf=0) ** 2
        unit_sq = of_items.sum(axis=1) / total**2
        inverse = np.sum(residual**4, axis=1) / np.sum(residual**2, axis=1) ** 2
        inverse = np.maximum(inverse, 1 / (n - 1))
        context_sq, n_contexts = np.zeros(len(total)), counts.shape[2]
        if error_shift is not None and variance_shift is not None:
            shift = variance_shift - at[..., None] * error_shift
            noise = (n_contexts - 1) / n_contexts * np.sum(shift**2, axis=-1)
            between = np.sum(shift.sum(axis=1) ** 2, axis=1) - np.sum(shift**2, axis=(1, 2))
            context_sq = np.maximum((n_contexts - 1) / n_contexts * between, 0) / total**2
        elif more is not None:
            noise = _noise(counts[:, :, 0], at)
        spread = unit_sq + context_sq
        freedom = np.where(context_sq > 0, context_sq**2 / max(n_contexts - 1, 1), 0.0)
        inverse = np.minimum((unit_sq**2 * inverse + freedom) / spread**2, 1.0)
        t = t_975(inverse)
        low, high = _ends(ratio, t * np.sqrt(spread))
        then = _then(of_items, noise, unit_sq, context_sq, total, more, at_least) if more is not None else 0 * total
        later = _ends(ratio, t * np.sqrt(then))
    is_told = (total / 2 >= settings()["min_error_share"]) & (ratio > 0) & (ratio < 1 - 1e-9) & (spread > 1e-18)
    shown = [np.where(is_told, values, np.nan) for values in (low, high, later[1] - later[0])]
    p_half = np.ones(len(ratio))
    if more is None:
        shown[2][:] = np.nan
    else:
        at = ratio[is_told]
        p_half[is_told] = p_value(np.log(at / (1 - at)) * at * (1 - at) / np.sqrt(spread[is_told]), inverse[is_told])
    return ratio, shown[0], shown[1], shown[2], total / 2, p_half


def _then(
    of_items: Array, noise: Array, unit_sq: Array, context_sq: Array, total: Array, more: float, at_least: bool
) -> Array:
    """The squared standard error with `more` samples: `Interval.width_at`."""
    noise_sq = np.minimum(noise.sum(axis=1) / total**2, unit_sq)
    if not at_least:
        return np.asarray(unit_sq - noise_sq + noise_sq / more + context_sq)
    apart = of_items - noise
    items_low = np.maximum(apart.sum(axis=1) - 2 * apart.std(axis=1) * apart.shape[1] ** 0.5, 0) / total**2
    return np.asarray(items_low + noise_sq / more**2 + context_sq)


def _ends(ratio: Array, half_width: Array) -> tuple[Array, Array]:
    factor = np.exp(-np.minimum(half_width / (ratio * (1 - ratio)), 700.0))
    return ratio * factor / (ratio * factor + 1 - ratio), ratio / (ratio + (1 - ratio) * factor)


def _noise(counts: Array, ratio: Array) -> Array:
    """The jackknife over the samples of an item: those with one answer count alike."""
    n = counts.sum(axis=-1)
    without = np.stack([_contribution(counts - one, ratio) for one in np.eye(counts.shape[-1])], axis=-1)
    mean = np.sum(counts * without, axis=-1) / n
    found: Array = (n - 1) / n * np.sum(counts * (without - mean[..., None]) ** 2, axis=-1)
    return found


def _contribution(counts: Array, ratio: Array) -> Array:
    n = counts.sum(axis=-1)
    variance = (1 - np.sum((counts / n[..., None]) ** 2, axis=-1)) * n / (n - 1)
    found: Array = variance - ratio * 2 * (1 - counts[..., 0] / n)
    return found


Probabilities = Callable[[tuple[int, int], np.random.Generator], Array]
"""Answer probabilities (draws, items, contexts, options) of newly drawn items, option 0 right; by (draws, items)."""


def draw_course(pool: str, n_items: int, n_draws: int, seed: int, ends: tuple[int, int] = (LEAST, MOST)) -> Course:
    """Draws of a simulated pool, each from its first epoch to its last.

    Args:
        pool: one of POOLS; in those of `contexts` an epoch has 10 samples of an item.
        n_items, n_draws, seed: what is drawn.
        ends: first and last epoch.
    """
    population, better = POOLS[pool]

    def probabilities(shape: tuple[int, int], rng: np.random.Generator) -> Array:
        probs = improved(draw_items(population, shape, rng).probs, better)[:, :, None, :]
        if population != "contexts":
            return probs
        shift = rng.normal(0, CONTEXT_SD, size=(shape[0], 1, N_CONTEXTS))
        return shifted(np.repeat(probs, N_CONTEXTS, axis=2), shift)

    rng = np.random.default_rng([seed, n_items, list(POOLS).index(pool)])
    truth = true_incoherence(population, better=better)["brier"]
    return course_of(probabilities, truth, n_items, n_draws, rng, ends)


def course_of(
    probabilities: Probabilities,
    truth: float,
    n_items: int,
    n_draws: int,
    rng: np.random.Generator,
    ends: tuple[int, int] = (LEAST, MOST),
) -> Course:
    """Draws of any pool, looked at when the rule looks and where flat designs end."""
    looks = schedule(*ends)
    epochs = tuple(sorted({*looks, *(flat for flat in FLAT if ends[0] <= flat <= ends[1])}))
    found: list[list[tuple[Array, ...]]] = [[] for _ in epochs]
    for first in range(0, n_draws, 100):
        probs = probabilities((min(100, n_draws - first), n_items), rng)
        counts = rng.multinomial(epochs[0], probs).astype(float)
        for place, epoch in enumerate(epochs):
            if place:
                counts += rng.multinomial(epoch - epochs[place - 1], probs)
            found[place].append(intervals(counts, epochs[-1] / epoch if epoch in looks else None))
    ratio, low, high, at_best, wrong, p_half = (
        np.stack([np.concatenate([chunk[k] for chunk in chunks]) for chunks in found]) for k in range(6)
    )
    return Course(epochs, ratio, low, high, at_best, wrong, p_half, truth)


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


def measure(n_items: int, n_draws: int, seed: int = 1) -> dict[str, dict[str, Any]]:
    """Everything that is recorded of pools of a size, by part of the record and name."""
    known = {name for names in EXPERIMENTS.values() for name in names}
    courses = {name: draw_course(name, n_items, n_draws, seed) for name in sorted(known)}
    experiments = {
        experiment: experiment_of({name: courses[name] for name in names}) for experiment, names in EXPERIMENTS.items()
    }
    for name in ("easy99", "heavy", "families", "contexts"):
        ends = (1, 3) if name == "contexts" else (LEAST, MOST)
        courses[name] = draw_course(name, n_items, n_draws, seed, ends)
    populations = {}
    for name, course in courses.items():
        if not np.isnan(course.width[-1]).all():
            middle = float(np.nanmean(course.width[len(course.epochs) // 3]))
            populations[name] = {"wanted_width": middle} | told_of(course, middle)
    found = {
        "experiments": experiments,
        "populations": populations,
        "item_by_item": {name: item_by_item(name, n_items, 500, seed) for name in FLOOR},
        "floor": {name: floor(name, n_items, 500, seed) for name in FLOOR},
        "verdicts": {name: verdicts(draw_course(name, n_items, n_draws, seed + 1)) for name in JUDGED},
    }
    return {part: {f"{name}, {n_items} items": told for name, told in of.items()} for part, of in found.items()}


def lines(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    found = [
        "share of the flat design's samples; of each pool epochs, coverage (flat), width (flat), share that reached"
    ]
    for name, cells in result["experiments"].items():
        found += ["", name]
        for cell in cells:
            pools = "; ".join(
                f"{pool}: {told['mean_epochs']:.1f}, {told['coverage']:.3f} ({told['flat_coverage']:.3f}), "
                f"{told['mean_width']:.3f} ({told['flat_mean_width']:.3f}), {told['reached']:.2f}"
                for pool, told in cell["pools"].items()
            )
            found.append(
                f"  {cell['flat_epochs']} epochs, width {cell['wanted_width']:.3f}: {cell['share']:.2f}; {pools}"
            )
    found += ["", "pools by themselves: wanted width, epochs, coverage, coverage where it was reached, share given up"]
    for name, told in result["populations"].items():
        reached = "–" if told["coverage_reached"] is None else f"{told['coverage_reached']:.3f} of {told['n_reached']}"
        found.append(
            f"  {name}: {told['wanted_width']:.3f}, {told['mean_epochs']:.1f}, {told['coverage']:.3f}, {reached}, "
            f"{told['given_up']:.2f}"
        )
    found += ["", "until a verdict: truth, epochs, share decided, decided wrongly, decided by all epochs, coverage"]
    for name, told in result["verdicts"].items():
        found.append(
            f"  {name}: {told['truth']:.3f}, {told['mean_epochs']:.1f}, {told['decided']:.3f}, "
            f"{told['decided_wrongly']:.3f}, {told['decided_by_all_epochs']:.3f}, {told['coverage']:.3f}"
        )
    found += ["", "stopping item by item: epochs, bias in standard errors"]
    for name, told in result["item_by_item"].items():
        found.append(f"  {name}: {told['mean_epochs']:.1f}, {told['bias_in_standard_errors']:+.1f}")
    found += ["", "width with any number of samples × √ items"]
    return found + [f"  {name}: {floor:.2f}" for name, floor in result["floor"].items()]


def main(arguments: list[str] | None = None) -> int:
    """Simulate what is not recorded yet, write it down, print it; what was interrupted goes on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000, help="of each pool (1,000: standard error 0.007)")
    parser.add_argument("--replay", type=Path, help="a warehouse with repeated runs, instead of simulated pools")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    result = json.loads(options.result.read_text(encoding="utf-8")) if options.result.is_file() else {}
    if options.replay:
        from benchmarks.replayed_runs import replay, told_of_replay

        result["replayed"] = replay(Layout(options.replay), 100)
        print("\n".join(told_of_replay(result["replayed"])))
        _write(options.result, result)
        return 0
    if result.get("draws") != options.draws:
        result = {name: result[name] for name in ("replayed",) if name in result} | {
            "draws": options.draws,
            "cpu_s": {},
        }
    for n_items in SIZES:
        if str(n_items) in result["cpu_s"]:
            continue
        started = time.process_time()
        for part, told in measure(n_items, options.draws).items():
            result.setdefault(part, {}).update(told)
        result["cpu_s"][str(n_items)] = round(time.process_time() - started, 1)
        _write(options.result, result)
    print("\n".join(lines(result)))
    return 0


def _write(path: Path, result: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
