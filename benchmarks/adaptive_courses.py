"""Pools that are sampled epoch by epoch, many draws at once: the interval at each epoch, as the product computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.item_numbers import of_misses
from benchmarks.populations import (
    CONTEXT_SD,
    N_CONTEXTS,
    Array,
    draw_items,
    families_of,
    improved,
    shifted,
    true_incoherence,
)
from ingestion.sampling.stopping.interval import settings, t_975
from ingestion.sampling.stopping.rule import schedule
from ingestion.sampling.stopping.spending import p_value

LEAST, MOST = 5, 30
FLAT = (8, 12, 20, 30)
"""Epochs of the flat designs whose widths are wanted."""

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
    "families, as clusters": ("families", 0.0),
}
"""Pools: a population, and how often the model knows the answer and does not answer by it. Only in the last one are
relatives a cluster, as dbt's var `cluster` makes them."""


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


def intervals(
    counts: Array, more: float | None, *, at_least: bool = True, clusters: NDArray[np.int64] | None = None
) -> tuple[Array, ...]:
    """`pool_interval` for many draws of one-hot answers: ratio, low, high, width with `more`, wrong items, p_half.

    Args:
        counts: (draws, items, contexts, options), option 0 right.
        more: how many times as many samples; None leaves that width out (NaN), and most of the work.
        at_least: the least that the width with them may be, rather than what is expected.
        clusters: (items,) what each counts in, in ascending order; None where each stands for itself.
    """

    def summed(of_items: Array) -> Array:
        """(draws, clusters, …)."""
        return of_items if clusters is None else np.add.reduceat(of_items, np.unique(clusters, return_index=True)[1], 1)

    sizes = counts.sum(axis=-1)
    misses = counts.copy()
    misses[..., 0] -= sizes
    of_items = of_misses(misses, sizes, 1)
    error, variance = summed(of_items[0]), summed(of_items[2])
    n, total = error.shape[1], error.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = variance.sum(axis=1) / total
        at = ratio[:, None]
        residual = variance - at * error
        of_units = (n - 1) / n * np.nan_to_num(residual / (1 - error / total[:, None]), posinf=0, neginf=0) ** 2
        unit_sq = of_units.sum(axis=1) / total**2
        inverse = np.sum(residual**4, axis=1) / np.sum(residual**2, axis=1) ** 2
        inverse = np.maximum(inverse, 1 / (n - 1))
        context_sq, n_contexts = np.zeros(len(total)), counts.shape[2]
        if of_items[3] is not None and of_items[4] is not None:
            shift = summed(of_items[4] - at[..., None] * of_items[3])
            noise = (n_contexts - 1) / n_contexts * np.sum(shift**2, axis=-1)
            between = np.sum(shift.sum(axis=1) ** 2, axis=1) - np.sum(shift**2, axis=(1, 2))
            context_sq = np.maximum((n_contexts - 1) / n_contexts * between, 0) / total**2
        elif more is not None:
            noise = summed(_noise(counts[:, :, 0], at))
        spread = unit_sq + context_sq
        freedom = np.where(context_sq > 0, context_sq**2 / max(n_contexts - 1, 1), 0.0)
        inverse = np.minimum((unit_sq**2 * inverse + freedom) / spread**2, 1.0)
        t = t_975(inverse)
        low, high = _ends(ratio, t * np.sqrt(spread))
        then = _then(of_units, noise, unit_sq, context_sq, total, more, at_least) if more is not None else 0 * total
        later = _ends(ratio, t * np.sqrt(then))
    is_told = (total / 2 >= float(settings()["min_error_share"])) & (ratio > 0) & (ratio < 1 - 1e-9) & (spread > 1e-18)
    shown = [np.where(is_told, values, np.nan) for values in (low, high, later[1] - later[0])]
    p_half = np.ones(len(ratio))
    if more is None:
        shown[2][:] = np.nan
    else:
        at = ratio[is_told]
        p_half[is_told] = p_value(np.log(at / (1 - at)) * at * (1 - at) / np.sqrt(spread[is_told]), inverse[is_told])
    return ratio, shown[0], shown[1], shown[2], total / 2, p_half


def _then(
    of_units: Array, noise: Array, unit_sq: Array, context_sq: Array, total: Array, more: float, at_least: bool
) -> Array:
    """The squared standard error with `more` samples: `Interval.width_at`."""
    noise_sq = np.minimum(noise.sum(axis=1) / total**2, unit_sq)
    if not at_least:
        return np.asarray(unit_sq - noise_sq + noise_sq / more + context_sq)
    apart = of_units - noise
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
    clusters = families_of(n_items) if pool.endswith("as clusters") else None
    return course_of(probabilities, truth, n_items, n_draws, rng, ends, clusters)


def course_of(
    probabilities: Probabilities,
    truth: float,
    n_items: int,
    n_draws: int,
    rng: np.random.Generator,
    ends: tuple[int, int] = (LEAST, MOST),
    clusters: NDArray[np.int64] | None = None,
) -> Course:
    """Draws of any pool, looked at when the rule looks and where flat designs end; clusters as in `intervals`."""
    looks = schedule(*ends)
    epochs = tuple(sorted({*looks, *(flat for flat in FLAT if ends[0] <= flat <= ends[1])}))
    found: list[list[tuple[Array, ...]]] = [[] for _ in epochs]
    for first in range(0, n_draws, 100):
        probs = probabilities((min(100, n_draws - first), n_items), rng)
        counts = rng.multinomial(epochs[0], probs).astype(float)
        for place, epoch in enumerate(epochs):
            if place:
                counts += rng.multinomial(epoch - epochs[place - 1], probs)
            more = epochs[-1] / epoch if epoch in looks else None
            found[place].append(intervals(counts, more, clusters=clusters))
    ratio, low, high, at_best, wrong, p_half = (
        np.stack([np.concatenate([chunk[k] for chunk in chunks]) for chunks in found]) for k in range(6)
    )
    return Course(epochs, ratio, low, high, at_best, wrong, p_half, truth)
