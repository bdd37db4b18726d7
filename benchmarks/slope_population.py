"""Items whose incoherence goes with length by a known power: a population for slopes, and draws of items from it.

An item's mode is right with probability 0.6, else a random other option; its answers are p = w · Dirichlet(1, 1, 1, 1)
+ (1 − w) · mode, w ~ Beta. The mean of w is chosen by log length x ~ N(0, ½²) such that, by the metric of the cell,
E variance / E error = level · exp(slope · x) exactly. There are so many draws that NumPy takes the decompositions; they
agree with the warehouse's (tests/dbt/test_slope_coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, special

Array = NDArray[np.float64]

N_OPTIONS = 4
RIGHT, CONCENTRATION, SPREAD = 0.6, 1.4, 0.5
LEVEL = {"kl": 0.22, "brier": 0.15}
DELTA = 1e-12
_LOG_HIT = float(np.log((1 + DELTA) / (1 + N_OPTIONS * DELTA)))
_LOG_MISS = float(np.log(DELTA / (1 + N_OPTIONS * DELTA)))


@dataclass(frozen=True)
class Draws:
    """(replications, models, items): log length, error and corrected variance."""

    x: Array
    error: Array
    variance: Array


def draw(metric: str, slope: float, shape: tuple[int, int, int], n_samples: int, rng: np.random.Generator) -> Draws:
    """Draw experiments; models answer the same items, whose lengths correlate by 0.64 between them."""
    n_replications, n_models, n_items = shape
    own = rng.normal(0, SPREAD, shape)
    x = own if n_models == 1 else 0.8 * rng.normal(0, SPREAD, (n_replications, 1, n_items)) + 0.6 * own
    # Beyond 3.5 standard deviations of length the population has no such incoherence to offer.
    mean_w = np.clip(_mean_w(metric)(np.log(LEVEL[metric]) + slope * x), 0.005, 0.8)
    w = rng.beta(CONCENTRATION * mean_w, CONCENTRATION * (1 - mean_w))[..., None]
    mode = np.where(rng.random(shape) < RIGHT, 0, rng.integers(1, N_OPTIONS, shape))
    spread = rng.standard_gamma(1.0, (*shape, N_OPTIONS))
    p = w * spread / spread.sum(axis=-1, keepdims=True) + (1 - w) * np.eye(N_OPTIONS)[mode]
    counts = rng.multinomial(n_samples, p / p.sum(axis=-1, keepdims=True))
    error, variance = (_kl if metric == "kl" else _brier)(counts)
    return Draws(x, error, variance)


@cache
def _mean_w(metric: str) -> interpolate.PchipInterpolator:
    """Mean of w by the logarithm of E variance / E error."""
    means = np.linspace(0.01, 0.75, 75)
    # Both errors are a multiple of the share of wrong answers.
    wrong = 1 - (means / N_OPTIONS + (1 - means) * RIGHT)
    if metric == "kl":
        ratios = _mean_kl_variance(means) / ((_LOG_HIT - _LOG_MISS) * wrong)
    else:
        square = means * (1 - means) / (CONCENTRATION + 1) + means**2  # E w²
        same = square * 2 / (N_OPTIONS + 1) + 2 * (means - square) / N_OPTIONS + 1 - 2 * means + square
        ratios = (1 - same) / (2 * wrong)
    return interpolate.PchipInterpolator(np.log(ratios), means, extrapolate=True)


def _mean_kl_variance(means: Array) -> Array:
    """E −ln Σ_c exp ℓ[c] of infinitely many samples: simulation over the Dirichlet, Gauss-Jacobi quadrature over w."""
    rng = np.random.default_rng(1)
    spread = rng.dirichlet(np.ones(N_OPTIONS), 40_000)
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 1, 160)])
    values = []
    for w in grid:
        p = w * spread + (1 - w) * np.eye(N_OPTIONS)[0]
        logs = p * _LOG_HIT + (1 - p) * _LOG_MISS
        values.append(float(-np.mean(special.logsumexp(logs, axis=1))))
    given_w = interpolate.PchipInterpolator(grid, values)
    found = []
    for mean in means:
        nodes, weights = special.roots_jacobi(60, CONCENTRATION * (1 - mean) - 1, CONCENTRATION * mean - 1)
        found.append(float(weights @ given_w((nodes + 1) / 2) / weights.sum()))
    return np.array(found)


def _brier(counts: NDArray[np.int64]) -> tuple[Array, Array]:
    n_samples = counts.sum(axis=-1)
    p = counts / n_samples[..., None]
    return 2 * (1 - p[..., 0]), (1 - np.sum(p**2, axis=-1)) * n_samples / (n_samples - 1)


def _kl(counts: NDArray[np.int64]) -> tuple[Array, Array]:
    """Error, and variance corrected by leaving out one sample: each sample of a letter changes it alike."""
    n_samples = counts.sum(axis=-1)

    def variance(kept: NDArray[np.int64], n: NDArray[np.int64]) -> tuple[Array, Array]:
        logs = _LOG_MISS + kept / n[..., None] * (_LOG_HIT - _LOG_MISS)
        return -special.logsumexp(logs, axis=-1), logs

    everything, logs = variance(counts, n_samples)
    lost = np.zeros_like(everything)
    for option in range(N_OPTIONS):
        less = counts - np.eye(N_OPTIONS, dtype=np.int64)[option]
        without, _ = variance(np.maximum(less, 0), n_samples - 1)
        lost += np.where(counts[..., option] > 0, counts[..., option] * (everything - without), 0.0)
    return -logs[..., 0], everything + (n_samples - 1) / n_samples * lost
