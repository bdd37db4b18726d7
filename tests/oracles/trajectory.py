"""Bias² and variance of rollouts in the norm ‖v‖² = vᵀAv, point by point."""

from __future__ import annotations

import numpy as np

from tests.oracles.decompositions import Array, Split


def norm_sq(vector: Array, matrix: Array) -> float:
    """vᵀ A v."""
    return float(vector @ matrix @ vector)


def pooled(points: Array, minimum: Array, matrix: Array) -> Split:
    """Decomposition of (N, d) points around their own mean."""
    center = points.mean(axis=0)
    return Split(
        error=float(np.mean([norm_sq(x - minimum, matrix) for x in points])),
        bias_sq=norm_sq(center - minimum, matrix),
        variance=float(np.mean([norm_sq(x - center, matrix) for x in points])),
    )


def per_start(points_by_start: list[Array], minimum: Array, matrix: Array) -> Split:
    """Decomposition around each starting point's own mean, averaged over starting points."""
    splits = [pooled(points, minimum, matrix) for points in points_by_start]
    return Split(
        error=float(np.mean([split.error for split in splits])),
        bias_sq=float(np.mean([split.bias_sq for split in splits])),
        variance=float(np.mean([split.variance for split in splits])),
    )


def per_start_variance_unbiased(points_by_start: list[Array], matrix: Array) -> float:
    """Mean over starts of ½‖x − x'‖² over all pairs of different replicates."""
    means = [
        np.mean(
            [norm_sq(x - other, matrix) / 2 for i, x in enumerate(points) for j, other in enumerate(points) if i != j]
        )
        for points in points_by_start
    ]
    return float(np.mean(means))


def squared_error_of_the_mean(points_by_start: list[Array], matrix: Array) -> float:
    """E ‖x̄ − E x̄‖², from starting points that were drawn independently, each with all of its points.

    x̄ is a ratio of sums over starts: its linearised variance is Σ_i ‖Σ_k (x_ik − x̄)‖² · M / (M − 1) / N².
    """
    points = np.concatenate(points_by_start)
    center = points.mean(axis=0)
    totals = [norm_sq((start - center).sum(axis=0), matrix) for start in points_by_start]
    n_starts = len(points_by_start)
    return sum(totals) * n_starts / (n_starts - 1) / len(points) ** 2


def pooled_shares(points_by_start: list[Array], minimum: Array, matrix: Array) -> tuple[Array, Array]:
    """Per starting point, the sums over its points of squared distance to the pooled mean and to the minimum."""
    center = np.concatenate(points_by_start).mean(axis=0)
    variances = [sum(norm_sq(x - center, matrix) for x in points) for points in points_by_start]
    errors = [sum(norm_sq(x - minimum, matrix) for x in points) for points in points_by_start]
    return np.array(variances), np.array(errors)
