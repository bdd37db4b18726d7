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
    divergences = [float(np.sum(center * (np.log(center) - np.log(sample)))) for sample in smoothed]
    return Split(
        error=float(np.mean([-np.log(sample[target]) for sample in smoothed])),
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
    pairs = [(s, t) for s in range(n_samples) for t in range(n_samples) if s != t]
    bias_sq = np.mean([np.dot(wanted - probs[s], wanted - probs[t]) for s, t in pairs])
    variance = np.mean([np.sum((probs[s] - probs[t]) ** 2) / 2 for s, t in pairs])
    return float(bias_sq), float(variance)


def zero_one(probs: Array, predicted: list[int | None], target: int) -> Split:
    """Zero-one decomposition (Domingos 2000); a sample that predicts nothing is wrong and differs from the mode."""
    center = np.round(probs.mean(axis=0), 12)
    mode = int(np.argmax(center))
    return Split(
        error=float(np.mean([choice != target for choice in predicted])),
        bias_sq=float(mode != target),
        variance=float(np.mean([choice != mode for choice in predicted])),
    )
