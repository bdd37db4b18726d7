"""Intervals hold the truth 95 times in 100, and corrected estimates are right with four samples.

The full simulation through the warehouse is `benchmarks/interval_coverage.py`; here the oracles, which agree with the
SQL to 1e-9, run on a population whose truth is a closed form.
"""

from __future__ import annotations

import numpy as np

from benchmarks.dice import ALPHA, draw_choices, true_incoherence
from tests.oracles.pooling import ratio_interval


def test_intervals_and_corrections_on_known_truth() -> None:
    n_items, n_samples = 40, 4
    choices = draw_choices(np.random.default_rng(1), (2_000, n_items, n_samples))
    answers = np.eye(len(ALPHA))[choices]
    center = answers.mean(axis=2, keepdims=True)
    variances = np.mean(np.sum((answers - center) ** 2, axis=-1), axis=-1)
    errors = np.mean(np.sum((answers - np.eye(len(ALPHA))[0]) ** 2, axis=-1), axis=-1)
    intervals = [ratio_interval(v, e) for v, e in zip(variances, errors, strict=True)]
    aim = true_incoherence(n_samples)
    held = np.mean([low is not None and high is not None and low <= aim <= high for low, high in intervals])
    assert 0.93 <= held <= 0.97
    plug_in = variances.sum() / errors.sum()
    corrected = plug_in * n_samples / (n_samples - 1)
    assert abs(corrected / true_incoherence() - 1) < 0.01
    assert abs(plug_in / true_incoherence() - 1) > 0.2
