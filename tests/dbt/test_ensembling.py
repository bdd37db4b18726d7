"""Ensembles of averaged answers, against the definitions and against what independent samples must give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import Unit, estimate
from tests.oracles.decompositions import Array, brier, brier_unbiased, kl, kl_unbiased
from tests.oracles.pooling import ZERO_ERROR, incoherence, mean_interval
from tests.oracles.regression import log_log_fit

ORACLES = {"kl": (kl, kl_unbiased), "brier": (brier, brier_unbiased)}


def in_order(answers: ItemAnswers) -> Array:
    order = sorted(
        range(len(answers.samples)), key=lambda s: (answers.samples[s]["epoch"], answers.samples[s]["sample_id"])
    )
    return answers.probs[order]


def ensembles(answers: ItemAnswers, size: int) -> Array:
    """(n, C) mean probabilities of disjoint ensembles of `size` samples in order; a rest is left out."""
    probs = in_order(answers)
    n_ensembles = len(probs) // size
    return probs[: n_ensembles * size].reshape(n_ensembles, size, -1).mean(axis=1)


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_ensembles_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    oracle, corrected = ORACLES[decomposition]
    rows = built.rows("figures.fig_ensembling", f"decomposition = '{decomposition}' and task in ('study', 'many')")
    assert rows
    for row in rows:
        key = (row["task"], row["model_id"], row["condition_id"])
        pool = [answers for full, answers in built.answers.items() if full[:3] == key and len(answers.probs)]
        largest = max(size for size in (1, 2, 4, 8) if np.median([len(a.probs) for a in pool]) >= 3 * size)
        entering = [answers for answers in pool if len(answers.probs) >= 3 * largest]
        averaged = [(ensembles(answers, row["ensemble_size"]), answers.target) for answers in entering]
        splits = [oracle(probs, target) for probs, target in averaged]
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        unbiased = [corrected(probs, target) for probs, target in averaged]
        assert row["ensemble_size"] <= largest
        assert row["n_items"] == len(entering)
        assert row["n_ensembles"] == min(len(probs) for probs, _ in averaged)
        assert agree(row["error"], float(errors.mean())) and agree(row["variance"], float(variances.mean()))
        assert agree(row["bias_sq"], float(np.mean([s.bias_sq for s in splits])))
        assert agree(row["incoherence"], incoherence(variances, errors))
        shares = [brier(probs, target).error / 2 for probs, target in averaged]
        units = [
            Unit(split.error, variance, share)
            for split, (_, variance), share in zip(splits, unbiased, shares, strict=True)
        ]
        agree_on_incoherence(row, estimate(units))
        for name, values in zip(("bias_sq_unbiased", "variance_unbiased"), np.array(unbiased, float).T, strict=True):
            low, high = mean_interval(values, low=min(0, float(values.mean())))
            assert agree(row[name], float(values.mean()))
            assert agree(row[f"{name}_ci_low"], low) and agree(row[f"{name}_ci_high"], high)


def test_independent_samples_average_away(built: Built) -> None:
    """320 independent samples per item: Brier variance goes as 1/E and bias² stays."""
    fits = {
        row["measure"]: row
        for row in built.rows("figures.fig_ensembling_fits", "task = 'independent' and decomposition = 'brier'")
    }
    assert abs(fits["variance_unbiased"]["slope"] + 1) <= 0.03
    assert abs(fits["bias_sq_unbiased"]["slope"]) <= 0.01
    rows = built.rows("figures.fig_ensembling", "task = 'independent' and decomposition = 'brier'")
    assert [row["ensemble_size"] for row in rows] == [1, 2, 4, 8, 16, 32, 64]
    assert fits["variance_unbiased"]["slope_ci_low"] < -1 < fits["variance_unbiased"]["slope_ci_high"]
    oracle = log_log_fit([row["ensemble_size"] for row in rows], [row["variance_unbiased"] for row in rows])
    assert agree(fits["variance_unbiased"]["slope"], oracle.slope) and agree(fits["variance_unbiased"]["r2"], oracle.r2)


def test_a_slope_is_as_uncertain_as_the_items_are(built: Built) -> None:
    """Leaving out one item at a time moves the slope as far as its interval says; residuals do not."""
    fits = built.rows(
        "figures.fig_ensembling_fits",
        "task = 'independent' and decomposition = 'brier' and measure = 'variance_unbiased'",
    )
    assert fits
    for fit in fits:
        key = (fit["task"], fit["model_id"], fit["condition_id"])
        pool = [answers for full, answers in built.answers.items() if full[:3] == key and len(answers.probs)]
        sizes = [1, 2, 4, 8, 16, 32, 64]
        variances = np.array(
            [[brier_unbiased(ensembles(answers, size), answers.target)[1] for size in sizes] for answers in pool], float
        )
        assert variances.mean(axis=0).min() > ZERO_ERROR
        left_out = [
            log_log_fit([float(size) for size in sizes], list(np.delete(variances, item, axis=0).mean(axis=0))).slope
            for item in range(len(pool))
        ]
        spread = np.sqrt((len(pool) - 1) * np.var(np.array(left_out, float)))
        half_width = stats.t.ppf(0.975, len(pool) - 1) * spread
        assert fit["n_items"] == len(pool)
        assert fit["slope_ci_high"] - fit["slope"] == pytest.approx(half_width, rel=0.2)
