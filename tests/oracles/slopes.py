"""How incoherence goes with x over items, by the textbook: all parameters at once, full sandwich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from tests.oracles.decompositions import Array


@dataclass(frozen=True)
class Slope:
    """A slope with its 95 % interval over n clusters."""

    slope: float
    low: float
    high: float
    degrees_of_freedom: float
    n: int


Shifts = Mapping[str, tuple[float, float]]
"""By how much leaving out a context shifts error and variance, per context."""


def log_slope(
    errors: Array,
    variances: Array,
    x: Array,
    strata: Sequence[str],
    clusters: Sequence[str],
    shifts: Sequence[Shifts] | None = None,
) -> Slope:
    """Fit E variance = error · exp(level of the stratum + slope · x) by quasi-likelihood (Poisson, log link).

    Minimises Σ fitted − variance · ln fitted over all levels and the slope together; the interval is a sandwich by
    cluster, with Student's t and min(n − 2, (Σd²)² / Σd⁴) degrees of freedom; what all clusters have in common when a
    context is left out is added.
    """
    names = sorted(set(strata))
    design = np.column_stack([np.array([[s == name for name in names] for s in strata], dtype=float), x - x.mean()])

    def loss(theta: Array) -> float:
        return float(np.sum(errors * np.exp(design @ theta) - variances * (design @ theta)))

    def gradient(theta: Array) -> Array:
        return np.asarray(design.T @ (errors * np.exp(design @ theta) - variances))

    def hessian(theta: Array) -> Array:
        return np.asarray(design.T @ (design * (errors * np.exp(design @ theta))[:, None]))

    start = np.zeros(design.shape[1])
    theta = optimize.minimize(loss, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-12}).x
    theta = optimize.root(gradient, theta, jac=hessian, tol=1e-14).x
    scores = design * (variances - errors * np.exp(design @ theta))[:, None]
    by_cluster = np.array([scores[[c == name for c in clusters]].sum(axis=0) for name in sorted(set(clusters))])
    leverages = np.linalg.inv(hessian(theta))[-1]
    influences = by_cluster @ leverages
    n = len(influences)
    squares = influences**2
    freedom, of_units = float(min(n - 2, squares.sum() ** 2 / np.sum(squares**2))), squares.sum() * n / (n - 1)
    names = sorted({name for unit in shifts or [] for name in unit})
    of_contexts = 0.0
    if names and shifts is not None:
        rates = np.exp(design @ theta)
        moved = np.zeros((len(names), n))
        for unit, (shift, cluster) in enumerate(zip(shifts, clusters, strict=True)):
            place = sorted(set(clusters)).index(cluster)
            for name, (of_error, of_variance) in shift.items():
                moved[names.index(name), place] += (design[unit] @ leverages) * (of_variance - rates[unit] * of_error)
        shared = np.sum(moved.sum(axis=1) ** 2) - np.sum(moved**2)
        of_contexts = float(max((len(names) - 1) / len(names) * shared, 0))
    if of_contexts:
        spread = of_units**2 / freedom + of_contexts**2 / (len(names) - 1)
        freedom = max(float((of_units + of_contexts) ** 2 / spread), 1.0)
    half_width = float(stats.t.ppf(0.975, freedom) * np.sqrt(of_units + of_contexts))
    return Slope(float(theta[-1]), float(theta[-1] - half_width), float(theta[-1] + half_width), freedom, n)


def two_sided_p(statistic: float, half_width: float, freedom: float) -> float:
    """Two-sided p-value of a statistic whose 95 % interval has this half-width, through Hill's normal quantile."""
    t = statistic / half_width * float(stats.t.ppf(0.975, freedom))
    a = freedom - 0.5
    b = 48 * a * a
    y = a * np.log1p(t * t / freedom)
    z = np.sqrt(y) * (1 + (y + 3 + (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b)) / b)
    return float(special.erfc(z / np.sqrt(2)))
