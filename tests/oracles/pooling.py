"""Pooling over items: ratio of sums with its interval, buckets, halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from scipy import optimize, stats

from tests.oracles.decompositions import Array

ZERO_ERROR = 1e-9


def incoherence(variances: Array, errors: Array, floor: float = ZERO_ERROR) -> float | None:
    """Σ variance / Σ error; None where the mean error counts as 0."""
    return float(variances.sum() / errors.sum()) if errors.mean() > floor else None


def ratio_interval(variances: Array, errors: Array, floor: float = ZERO_ERROR) -> tuple[float | None, float | None]:
    """95 % interval of Σv / Σe by linearisation, units drawn at random, cut to [0, 1] or to a ratio outside of it."""
    ratio, n_units = incoherence(variances, errors, floor), len(errors)
    if ratio is None or n_units < 2:
        return None, None
    # The ratio's influence function; its sample standard deviation over √n is the standard error.
    influence = (variances - ratio * errors) / errors.mean()
    half_width = stats.t.ppf(0.975, n_units - 1) * np.std(influence, ddof=1) / np.sqrt(n_units)
    return max(ratio - half_width, min(ratio, 0.0)), min(ratio + half_width, max(ratio, 1.0))


Shift = Mapping[str, float]
"""Per context that an item was asked in: by how much its number shifts without it."""


def mean_interval(
    values: Array, low: float = 0, high: float = np.inf, shifts: Sequence[Shift] = ()
) -> tuple[float | None, float | None]:
    """95 % interval of a mean by Student's t, cut to [low, high]; what contexts shift in all values is added."""
    half_width = _half_width(values, shifts)
    if half_width is None:
        return None, None
    return max(float(values.mean() - half_width), low), min(float(values.mean() + half_width), high)


def _half_width(values: Array, shifts: Sequence[Shift]) -> float | None:
    n = len(values)
    if n < 2:
        return None
    of_units, freedom, of_contexts = float(np.var(values, ddof=1) / n), n - 1.0, 0.0
    names = sorted({name for shift in shifts for name in shift})
    if names:
        moved = np.array([[shift.get(name, 0.0) for shift in shifts] for name in names])
        shared = np.sum(moved.sum(axis=1) ** 2) - np.sum(moved**2)
        of_contexts = float(max((len(names) - 1) / len(names) * shared, 0)) / n**2
    if of_contexts:
        spread = of_units**2 / freedom + of_contexts**2 / (len(names) - 1)
        freedom = max((of_units + of_contexts) ** 2 / spread, 1.0)
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(of_units + of_contexts))


def shift_of_mean(values: Sequence[float], contexts: Sequence[str]) -> Shift:
    """How the mean over an item's samples shifts without each of its contexts, centred on 0; none with one context."""
    everything, groups = np.array(values), np.array(contexts)
    names = sorted(set(contexts))
    if len(names) < 2:
        return {}
    without = {name: float(everything[groups != name].mean()) for name in names}
    return {name: mean - float(np.mean(list(without.values()))) for name, mean in without.items()}


def ratio_contrast(
    sides: list[tuple[float, Array, Array]], floor: float = ZERO_ERROR
) -> tuple[float | None, float | None, float | None]:
    """Weighted sum of ratios over the same units, with its 95 % interval; each side is (weight, variances, errors)."""
    contrast, n_units = 0.0, len(sides[0][1])
    influence = np.zeros(n_units)
    for weight, variances, errors in sides:
        ratio = incoherence(variances, errors, floor)
        if ratio is None:
            return None, None, None
        contrast += weight * ratio
        influence += weight * (variances - ratio * errors) / errors.mean()
    if n_units < 2:
        return contrast, None, None
    half_width = float(stats.t.ppf(0.975, n_units - 1) * np.std(influence, ddof=1) / np.sqrt(n_units))
    return contrast, contrast - half_width, contrast + half_width


def paired_difference_interval(
    first: tuple[Array, Array], second: tuple[Array, Array]
) -> tuple[float | None, float | None, float | None]:
    """Second ratio minus the first over the same units, with its 95 % interval; each side is (variances, errors)."""
    return ratio_contrast([(-1.0, *first), (1.0, *second)], floor=0)


def paired_mean_interval(
    first: Array, second: Array, shifts: Sequence[Shift] = ()
) -> tuple[float, float | None, float | None]:
    """Mean of second minus first over the same units, with its 95 % interval: the paired t test's, and contexts."""
    return float(np.mean(second - first)), *mean_interval(second - first, -np.inf, np.inf, shifts)


def buckets(lengths: dict[str, float], max_buckets: int = 10, min_items: int = 4) -> dict[str, int]:
    """Bucket of each item: sorted by (length, id), cut like a hand of cards, the first groups one larger."""
    ordered = sorted(lengths, key=lambda item: (lengths[item], item))
    n_buckets = max(1, min(max_buckets, len(ordered) // min_items))
    groups = np.array_split(np.array(ordered, dtype=object), n_buckets)
    return {item: number for number, group in enumerate(groups, start=1) for item in group}


def halves(lengths: list[int]) -> list[str]:
    """Side of the median of each sample; those of the median length itself go to the smaller side, or to the longer."""
    middle = median(lengths)
    n_below, n_above = (sum(sign * length > sign * middle for length in lengths) for sign in (-1, 1))
    tied = "shorter" if n_below < n_above else "longer"
    return ["shorter" if length < middle else "longer" if length > middle else tied for length in lengths]


def skewed_ends(error: float, t_below: float, t_above: float, skew: float) -> tuple[float, float]:
    """How far an interval reaches below and above: where Hall's cubic of the studentized error equals Student's t."""

    def solved(at: float) -> float:
        def beside(x: float) -> float:
            return x + skew * x**2 / 3 + skew**2 * x**3 / 27 + skew / 6 - at

        return float(optimize.brentq(beside, -99, 99, xtol=1e-13))

    return error * solved(t_below), -error * solved(-t_above)


def share_ends(share: float, n: float) -> tuple[float, float]:
    """Wilson's interval of a share of n, its ends no nearer than the one-sided 95 % limits."""
    z = stats.norm.ppf(0.975)
    middle, reach = share * n + z * z / 2, z * np.sqrt(share * n * (1 - share) + z * z / 4)
    low, high = (middle - reach) / (n + z * z), (middle + reach) / (n + z * z)
    return min(float(low), _lower_limit(share * n, n)), max(float(high), 1 - _lower_limit(n - share * n, n))


def _lower_limit(k: float, n: float) -> float:
    """Of a share by a quantile of F, whose cube root is taken for a ratio of normal variables (Paulson 1942)."""
    if k == 0:
        return 0.0
    y, z = n - k + 1, stats.norm.ppf(0.95)

    def beside(root: float) -> float:
        ratio = (1 - 1 / (9 * y)) * root - (1 - 1 / (9 * k))
        return float(ratio / np.sqrt(root**2 / (9 * y) + 1 / (9 * k)) + z)

    if beside(0) >= 0:
        return 0.0
    root = optimize.brentq(beside, 0, 10, xtol=1e-15)
    return float(k * root**3 / (k * root**3 + y))
