"""Two pools on the same items: differences in incoherence and correlations of length, against the definitions."""

from __future__ import annotations

import numpy as np
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.test_item_decomposition import split
from tests.dbt.test_model_scale import pool
from tests.oracles.pooling import mean_interval, paired_difference_interval


def test_differences_are_paired_by_item(built: Built) -> None:
    rows = built.rows("marts.fct_incoherence_difference", "task = 'study'")
    # Three pairs of models in each of two conditions, one pair of conditions for each of three models.
    assert len(rows) == 2 * (2 * 3 + 3)
    for row in rows:
        sides = []
        one = pool(built, row["model_id"], row["condition_id"])
        other = pool(built, row["other_model_id"], row["other_condition_id"])
        shared = [item for item in one if item in other and len(one[item].probs) and len(other[item].probs)]
        for answers in (one, other):
            splits = [split(answers[item], row["decomposition"]) for item in shared]
            sides.append((np.array([s.variance for s in splits]), np.array([s.error for s in splits])))
        difference, low, high = paired_difference_interval(*sides)
        assert row["n_items"] == len(shared)
        assert agree(row["difference"], difference) and agree(row["other_incoherence"] - row["incoherence"], difference)
        assert agree(row["difference_ci_low"], low) and agree(row["difference_ci_high"], high)


def test_correlations_agree_with_scipy(built: Built) -> None:
    rows = built.rows("figures.fig_reasoning_length_correlation", "task = 'study'")
    assert len(rows) == 2 * (2 * 3 + 3)  # reasoning tokens, and output tokens
    for row in rows:
        one = pool(built, row["model_id"], row["condition_id"])
        other = pool(built, row["other_model_id"], row["other_condition_id"])
        logs = np.log([[answers[item].mean_length(row["length_axis"]) for item in one] for answers in (one, other)])
        oracle = stats.pearsonr(*logs)
        interval = oracle.confidence_interval(0.95)
        assert row["n_items"] == len(one)
        assert agree(row["correlation"], oracle.statistic)
        assert agree(row["correlation_ci_low"], interval.low) and agree(row["correlation_ci_high"], interval.high)


def test_length_by_difficulty_label(built: Built) -> None:
    labels = {item["item_id"]: item["human_difficulty"] for item in built.evals.items if item["task"] == "study"}
    rows = built.rows("figures.fig_reasoning_length_by_difficulty", "task = 'study'")
    assert len(rows) == 2 * 2 * 3 * 2
    for row in rows:
        answers = pool(built, row["model_id"], row["condition_id"])
        lengths = np.array(
            [a.mean_length(row["length_axis"]) for i, a in answers.items() if labels[i] == row["human_difficulty"]]
        )
        low, high = mean_interval(lengths, -np.inf, np.inf)
        assert row["n_items"] == len(lengths) and agree(row["mean_length"], float(lengths.mean()))
        assert agree(row["mean_length_se"], float(stats.sem(lengths)))
        assert agree(row["mean_length_ci_low"], low) and agree(row["mean_length_ci_high"], high)
