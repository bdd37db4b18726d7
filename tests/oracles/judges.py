"""The variance of a grade and its parts: every pair of grades by hand, and the textbook's analysis of variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from scipy import stats

from tests.oracles.decompositions import Array
from tests.oracles.pooling import skewed_ends

Grades = Mapping[str, Mapping[str, Sequence[float]]]
"""Of an item: by sample and rater, grades."""


@dataclass(frozen=True)
class Split:
    """The variance of a grade; None where nothing can be told."""

    grade: float | None
    model: float | None
    judge: float | None
    grader: float | None


def split(grades: Grades) -> Split:
    """By products of pairs of grades: of one sample, of one rater, of neither."""
    means = {(i, g): float(np.mean(of)) for i, sample in grades.items() for g, of in sample.items()}
    unlike = [(one, other) for one, other in permutations(means, 2) if one[0] != other[0]]
    alike = [means[one] * means[other] for one, other in unlike if one[1] == other[1]]
    apart = [means[one] * means[other] for one, other in unlike if one[1] != other[1]]
    several = [sample for sample in grades.values() if len(sample) > 1]
    if not several or not apart:
        return Split(None, None, None, None)
    weights = [len(sample) - 1 for sample in several]
    squares = [np.mean([np.mean(np.square(of)) for of in sample.values()]) for sample in several]
    products = [np.mean([np.mean(a) * np.mean(b) for a, b in permutations(sample.values(), 2)]) for sample in several]
    of_itself, of_sample = (float(np.average(values, weights=weights)) for values in (squares, products))
    nothing = float(np.mean(apart))
    grader = float(np.mean(alike)) - nothing if alike else None
    return Split(of_itself - nothing, of_sample - nothing, of_itself - of_sample, grader)


def two_way(table: Array) -> Split:
    """Samples × graders, one grade each: mean squares of two-way analysis of variance (Shrout and Fleiss's case 2)."""
    n, k = table.shape
    middle, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_rows = k * np.sum((rows - middle) ** 2) / (n - 1)
    of_columns = n * np.sum((columns - middle) ** 2) / (k - 1)
    rest = np.sum((table - rows[:, None] - columns[None] + middle) ** 2) / (n - 1) / (k - 1)
    model, grader = float(of_rows - rest) / k, float(of_columns - rest) / n
    return Split(model + grader + float(rest), model, grader + float(rest), grader)


def agreement(grades: Grades) -> float | None:
    """Share of equal pairs of grades of one sample by two raters."""
    equal = [
        a == b
        for sample in grades.values()
        for one, other in permutations(sample, 2)
        for a, b in product(sample[one], sample[other])
    ]
    return float(np.mean(equal)) if equal else None


def bias(grades: Grades, grader: str) -> float | None:
    """How much higher a grader grades than the others do the same samples."""
    differences = [
        np.mean(sample[grader]) - np.mean([np.mean(of) for name, of in sample.items() if name != grader])
        for sample in grades.values()
        if grader in sample and len(sample) > 1
    ]
    return float(np.mean(differences)) if differences else None


def skewed_reach(values: Array, name: str) -> tuple[float, float]:
    """How far the interval of a mean variance reaches: where Hall's cubic of the error equals Student's t.

    Satterthwaite's degrees of freedom below and half of them above; of what graders differ by, as many as items decide.
    """
    n, kurtosis = len(values), _kurtosis(values)
    many = n / max(kurtosis - 1, 1e-12)
    freedoms = (n / kurtosis, n / kurtosis) if name == "grader_variance" else (2 * many, many)
    below, above = (float(stats.t.ppf(0.975, min(n - 1, freedom))) for freedom in freedoms)
    return skewed_ends(float(stats.sem(values)), below, above, float(stats.skew(values)) / np.sqrt(n))


def bias_reach(values: Array) -> tuple[float, float]:
    """Student's t to either side, with half of Satterthwaite's degrees of freedom."""
    n = len(values)
    t = stats.t.ppf(0.975, min(n - 1, n / max(_kurtosis(values) - 1, 1e-12)))
    return (float(t * stats.sem(values)),) * 2


def _kurtosis(values: Array) -> float:
    return float(stats.kurtosis(values, fisher=False))
