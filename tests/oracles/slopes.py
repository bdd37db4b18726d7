"""How incoherence goes with x over items, by the textbook: all parameters at once, full sandwich."""

from __future__ import annotations

from collections.abc import Sequence
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


def log_slope(errors: Array, variances: Array, x: Array, strata: Sequence[str], clusters: Sequence[str]) -> Slope:
    """Fit E variance = error · exp(level of the stratum + slope · x) by quasi-likelihood (Poisson, log link).

    Minimises Σ fitted − variance · ln fitted over all levels and the slope together; the interval is a sandwich by
    cluster, with Student's t and min(n − 2, (Σd²)² / Σd⁴) degrees of freedom.
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
    influences = by_cluster @ np.linalg.inv(hessian(theta))[:, -1]
    n = len(influences)
    squares = influences**2
    freedom = float(min(n - 2, squares.sum() ** 2 / np.sum(squares**2)))
    half_width = float(stats.t.ppf(0.975, freedom) * np.sqrt(squares.sum() * n / (n - 1)))
    return Slope(float(theta[-1]), float(theta[-1] - half_width), float(theta[-1] + half_width), freedom, n)


def two_sided_p(statistic: float, half_width: float, freedom: float) -> float:
    """Two-sided p-value of a statistic whose 95 % interval has this half-width, through Hill's normal quantile."""
    t = statistic / half_width * float(stats.t.ppf(0.975, freedom))
    a = freedom - 0.5
    b = 48 * a * a
    y = a * np.log1p(t * t / freedom)
    z = np.sqrt(y) * (1 + (y + 3 + (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b)) / b)
    return float(special.erfc(z / np.sqrt(2)))
