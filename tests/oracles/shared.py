"""Errors that two models share, and votes of both, by their definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod

import numpy as np
from scipy import stats

from tests.oracles.decompositions import Array
from tests.oracles.pooling import skewed_ends


@dataclass(frozen=True)
class Runs:
    """Samples of one model on an item: all of them, and of the wrong answers which option each chose."""

    n: int
    n_right: int
    wrong: Counter[int]

    @property
    def n_blank(self) -> int:
        return self.n - self.n_right - self.wrong.total()

    def shares(self, n_classes: int) -> Array:
        """Share of the samples that chose each option, wrongly."""
        return np.array([self.wrong[option] / self.n for option in range(n_classes)])


@dataclass(frozen=True)
class Item:
    """What an item that both models got wrong says: that they are wrong, wrong alike, and alike by chance."""

    both_wrong: float
    alike: float
    by_chance: float | None


def shared(one: Runs, other: Runs, rest: Sequence[Runs], n_classes: int) -> Item | None:
    """None where one of the two is never wrong."""
    if not one.wrong or not other.wrong:
        return None
    a, b = one.shares(n_classes), other.shares(n_classes)
    pooled = np.sum([each.shares(n_classes) for each in rest], axis=0) if rest else np.zeros(n_classes)
    by_chance = None
    if pooled.any():
        chances = pooled / pooled.sum()
        # One model's wrong answers meet such as the others give, in the place of the other's.
        by_chance = float(a @ chances * b.sum() + b @ chances * a.sum()) / 2
    return Item(float(a.sum() * b.sum()), float(a @ b), by_chance)


def ratio_interval(parts: Array, wholes: Array, is_satterthwaite: bool = False) -> tuple[float, float | None]:
    """Σ parts / Σ wholes and half its interval, by leaving each item out."""
    ratio, n = float(parts.sum() / wholes.sum()), len(parts)
    if n < 2:
        return ratio, None
    without = np.array([np.delete(parts, i).sum() / np.delete(wholes, i).sum() for i in range(n)])
    left = (without - ratio) ** 2
    freedom = float(n - 1)
    if left.any():
        kurtosis = n * float(np.sum(left**2) / left.sum() ** 2)
        freedom = min(freedom, n / kurtosis if not is_satterthwaite else 2 * n / max(kurtosis - 1, 1e-12))
    return ratio, float(stats.t.ppf(0.975, freedom) * np.sqrt(n / (n - 1) * left.sum()))


def excess_reaches(parts: Array, wholes: Array) -> tuple[float, float] | None:
    """How far Hall's interval of Σ parts / Σ wholes reaches: below by how items are apart, above by leaving out."""
    n, weights = len(parts), wholes / wholes.sum()
    if n < 2:
        return None
    without = np.array([np.delete(parts, i).sum() / np.delete(wholes, i).sum() for i in range(n)])
    moved = parts.sum() / wholes.sum() - without
    apart = moved * (1 - weights)
    if np.sqrt(n / (n - 1) * np.sum(apart**2)) < 1e-12:
        return None
    upwards = moved / (1 - weights) / np.sqrt(1 - np.sum(weights**2))
    return _reaches(apart)[0], _reaches(upwards)[1]


def _reaches(moved: Array) -> tuple[float, float]:
    """Below and above, as askew to the right as units are; half of Satterthwaite's degrees of freedom."""
    n, square = len(moved), float(np.sum(moved**2))
    kurtosis = n * float(np.sum(moved**4)) / square**2
    t = float(stats.t.ppf(0.975, min(n - 1, n / max(kurtosis - 1, 1e-12))))
    return skewed_ends(float(np.sqrt(n / (n - 1) * square)), t, t, max(float(np.sum(moved**3)) / square**1.5, 0.0))


def mixed_majority(one: Runs, other: Runs, n_classes: int, k: int) -> float:
    """Share of the subsets of k/2 samples of each in which the right answer has the most votes; ties by chance."""
    sides = []
    for runs in (one, other):
        counts = [runs.n_right, *(runs.wrong[option] for option in range(n_classes)), runs.n_blank]
        draws = [votes for votes in product(*(range(min(k // 2, n) + 1) for n in counts)) if sum(votes) == k // 2]
        ways = np.array([prod(map(comb, counts, votes)) for votes in draws]) / comb(runs.n, k // 2)
        sides.append((np.array(draws)[:, :-1], ways))
    votes = sides[0][0][:, None] + sides[1][0][None]
    right, most = votes[..., 0], votes[..., 1:].max(axis=-1)
    ties = 1 + np.sum(votes[..., 1:] == right[..., None], axis=-1)
    wins = (right > 0) * (right >= most) / ties
    return float(np.sum(wins * sides[0][1][:, None] * sides[1][1][None]))
