"""Incoherence of two pools at one accuracy, by numerical series, root finding and moments in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from scipy import optimize, stats

from tests.oracles.decompositions import Array

DEGREE, STEP = 6, 1e-4


@dataclass(frozen=True)
class Counts:
    """Right answers of an item, and how often each wrong one was given."""

    right: int
    wrong: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.right + sum(self.wrong)


@dataclass(frozen=True)
class Matched:
    """The odds factor, the matched pool's incoherence, and the difference with its interval."""

    factor: float
    incoherence: float
    difference: float
    low: float
    high: float


def plain(items: Sequence[Counts]) -> float | None:
    """Corrected Brier incoherence: pairs of samples that differ, over twice the wrong ones; None without any."""
    error = 2 * sum(sum(item.wrong) / item.total for item in items)
    return float(sum(1 - _squares(item, 0.0) for item in items) / error) if error else None


def matched(one: Sequence[Counts], other: Sequence[Counts]) -> Matched:
    """Of the same items: the more accurate pool at the accuracy of the other."""
    accuracies = [np.mean([item.right / item.total for item in side]) for side in (one, other)]
    better, worse, sign = (other, one, 1) if accuracies[1] - accuracies[0] > 1e-9 else (one, other, -1)
    target, shift = float(min(accuracies)), 0.0
    if abs(accuracies[1] - accuracies[0]) > 1e-9:
        shift = float(optimize.brentq(lambda u: float(np.mean(_accuracies(better, u))) - target, 0, 0.6, xtol=1e-15))

    def ratio(u: float) -> tuple[float, float]:
        accuracy = _accuracies(better, u)
        return float(np.sum(1 - _all_squares(better, u)) / np.sum(2 * (1 - accuracy))), float(accuracy.mean())

    (above, more), (below, less) = ratio(shift - STEP), ratio(shift + STEP)
    slope = (above - below) / (more - less)
    sides = [_influences(side, u, slope) for side, u in ((better, shift), (worse, 0.0))]
    influence = sides[0] - sides[1]
    n = len(influence)
    freedom = min(n - 1, np.sum(influence**2) ** 2 / np.sum(influence**4)) if np.any(influence) else n - 1
    half = float(stats.t.ppf(0.975, freedom) * np.sqrt(n / (n - 1) * np.sum(influence**2)))
    unmatched = plain(worse)
    assert unmatched is not None
    difference = sign * (ratio(shift)[0] - unmatched)
    return Matched(_factor(shift), ratio(shift)[0], difference, difference - half, difference + half)


def _influences(items: Sequence[Counts], shift: float, slope: float) -> Array:
    accuracy, squares = _accuracies(items, shift), _all_squares(items, shift)
    errors = 2 * (1 - accuracy)
    ratio = np.sum(1 - squares) / errors.sum()
    return np.asarray((1 - squares - ratio * errors) / errors.sum() - slope * accuracy / len(items))


def _factor(shift: float) -> float:
    return ((1 - shift) / (1 + shift)) ** 2


@cache
def _powers(shift: float, power: int, degree: int) -> Array:
    """Coefficients in p of the Chebyshev series of (1 − (1 − w) p)^−power on [0, 1], cut after the degree."""
    w = _factor(shift)
    series = Chebyshev.interpolate(lambda p: (1 - (1 - w) * p) ** -power, 80, domain=[0, 1])
    return np.asarray(Chebyshev(series.coef[: degree + 1], domain=[0, 1]).convert(kind=Polynomial).coef)


def _moment(right: int, total: int, power: int) -> float:
    return float(Fraction(comb(right, power), comb(total, power)))


def _accuracies(items: Sequence[Counts], shift: float) -> Array:
    return np.array([_accuracy(item, shift) for item in items])


def _accuracy(item: Counts, shift: float) -> float:
    terms = _powers(shift, 1, min(DEGREE, item.total - 2))
    return _factor(shift) * float(sum(a * _moment(item.right, item.total, j + 1) for j, a in enumerate(terms)))


def _all_squares(items: Sequence[Counts], shift: float) -> Array:
    return np.array([_squares(item, shift) for item in items])


def _squares(item: Counts, shift: float) -> float:
    """Estimate of Σ p'²: pairs of right ones, and of wrong ones that agree."""
    total, w = item.total, _factor(shift)
    agreeing = sum(n * (n - 1) for n in item.wrong) / (total * (total - 1))
    found = 0.0
    for j, a in enumerate(_powers(shift, 2, min(DEGREE, total - 2))):
        found += a * w**2 * _moment(item.right, total, j + 2)
        found += a * agreeing * (_moment(item.right, total - 2, j) if agreeing else 0.0)
    return found
