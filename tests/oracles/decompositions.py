"""Bias² and variance of one item's samples, written out from the definitions.

Everything is a sum over samples in the textbook's form: the mean answer is computed, then each sample's distance to it.
Nothing is rearranged, and nothing is shared with the product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Error of one item and its two parts."""

    error: float
    bias_sq: float
    variance: float


def kl(probs: Array, target: int, delta: float = 1e-12) -> Split:
    """KL decomposition of (S, C) probabilities: cross-entropy = −ln f̄[y] + mean KL(f̄ ‖ f′_s)."""
    n_classes = probs.shape[1]
    smoothed = (probs + delta) / (1 + n_classes * delta)
    geometric = np.exp(np.mean(np.log(smoothed), axis=0))
    center = geometric / geometric.sum()
    divergences = np.sum(center * (np.log(center) - np.log(smoothed)), axis=1)
    return Split(
        error=float(np.mean(-np.log(smoothed[:, target]))),
        bias_sq=float(-np.log(center[target])),
        variance=float(np.mean(divergences)),
    )


def brier(probs: Array, target: int) -> Split:
    """Brier decomposition of (S, C) probabilities: squared distances to the one-hot target and to the mean."""
    wanted = np.zeros(probs.shape[1])
    wanted[target] = 1
    center = probs.mean(axis=0)
    return Split(
        error=float(np.mean([np.sum((wanted - sample) ** 2) for sample in probs])),
        bias_sq=float(np.sum((wanted - center) ** 2)),
        variance=float(np.mean([np.sum((center - sample) ** 2) for sample in probs])),
    )


def brier_unbiased(probs: Array, target: int) -> tuple[float | None, float | None]:
    """Bias² and variance without the bias of few samples: by all pairs of different samples.

    The mean of (y − f_s)·(y − f_t) over pairs s ≠ t is unbiased for bias², and half the mean of ‖f_s − f_t‖² for the
    variance. None with one sample.
    """
    n_samples = len(probs)
    if n_samples < 2:
        return None, None
    wanted = np.zeros(probs.shape[1])
    wanted[target] = 1
    return _mean_over_pairs(wanted - probs), _mean_over_pairs(probs, half_distance=True)


def _mean_over_pairs(vectors: Array, *, half_distance: bool = False) -> float:
    """Mean over pairs s ≠ t of v_s·v_t, or of ½‖v_s − v_t‖², by writing out every pair."""
    n_samples = len(vectors)
    different = ~np.eye(n_samples, dtype=bool)
    if half_distance:
        every = np.sum((vectors[:, None, :] - vectors[None, :, :]) ** 2, axis=-1) / 2
    else:
        every = vectors @ vectors.T
    return float(every[different].mean())


def kl_unbiased(probs: Array, target: int) -> tuple[float | None, float | None]:
    """Bias² and variance by the jackknife: decompose again without each sample. None with one sample."""
    n_samples = len(probs)
    if n_samples < 2:
        return None, None
    everything = kl(probs, target)
    without = [kl(np.delete(probs, left_out, axis=0), target) for left_out in range(n_samples)]
    bias_sq, variance = (
        n_samples * getattr(everything, part)
        - (n_samples - 1) * float(np.mean([getattr(one, part) for one in without]))
        for part in ("bias_sq", "variance")
    )
    return bias_sq, variance


def coverage(outcomes: Array) -> Split:
    """Decomposition of (S, T) outcomes in [0, 1] whose target is 1; T = 1 is the score."""
    center = outcomes.mean(axis=0)
    return Split(
        error=float(np.mean([(1 - y) ** 2 for y in outcomes.ravel()])),
        bias_sq=float(np.mean((1 - center) ** 2)),
        variance=float(np.mean([np.mean((sample - center) ** 2) for sample in outcomes])),
    )


def coverage_unbiased(outcomes: Array) -> tuple[float | None, float | None]:
    """Bias² and variance of (S, T) outcomes by all pairs of different samples. None with one sample."""
    n_samples, n_outcomes = outcomes.shape
    if n_samples < 2:
        return None, None
    return (
        _mean_over_pairs(1 - outcomes) / n_outcomes,
        _mean_over_pairs(outcomes, half_distance=True) / n_outcomes,
    )


def embedding(vectors: Array) -> tuple[float, float | None]:
    """Variance of (S, d) vectors around their mean, and the same by all pairs of different samples."""
    center = vectors.mean(axis=0)
    variance = float(np.mean([np.sum((vector - center) ** 2) for vector in vectors]))
    return variance, _mean_over_pairs(vectors, half_distance=True) if len(vectors) > 1 else None


def zero_one(probs: Array, predicted: list[int | None], target: int) -> Split:
    """Zero-one decomposition (Domingos 2000); a sample that predicts nothing is wrong and differs from the mode."""
    center = np.round(probs.mean(axis=0), 12)
    mode = int(np.argmax(center))
    return Split(
        error=float(np.mean([choice != target for choice in predicted])),
        bias_sq=float(mode != target),
        variance=float(np.mean([choice != mode for choice in predicted])),
    )
