"""Buckets by reasoning length and their fits, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree
from tests.dbt.test_item_decomposition import split
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import accuracy_shift, choice_unit, estimate, shifts_of
from tests.oracles.pooling import ZERO_ERROR, buckets, incoherence, mean_interval
from tests.oracles.regression import log_log_fit

AXES = {"reasoning_tokens": "reasoning_tokens", "output_tokens": "output_tokens", "actions": "n_actions"}
KEYS = ("task", "model_id", "condition_id", "decomposition", "length_axis")
Key = tuple[str, ...]


def expected_buckets(built: Built, decomposition: str, axis: str) -> dict[Key, dict[int, dict[str, Any]]]:
    """Per task, model, condition: the numbers of every bucket."""
    pools: dict[Key, dict[str, ItemAnswers]] = defaultdict(dict)
    for key, answers in built.answers.items():
        if len(answers.probs) and answers.mean_length(AXES[axis]) is not None:
            pools[key[:3]][key[3]] = answers
    result: dict[Key, dict[int, dict[str, Any]]] = {}
    for pool, items in pools.items():
        lengths = {item: answers.mean_length(AXES[axis]) or 0.0 for item, answers in items.items()}
        members = defaultdict(list)
        for item, bucket in buckets(lengths).items():
            members[bucket].append(item)
        result[pool] = {}
        for bucket, chosen in members.items():
            splits = [split(items[item], decomposition) for item in chosen]
            variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
            accuracies = np.array([items[item].accuracy for item in chosen])
            units = [choice_unit(items[item], decomposition) for item in chosen]
            of_accuracy = [accuracy_shift(items[item]) for item in chosen]
            ends = {
                "accuracy": mean_interval(accuracies, high=1, shifts=of_accuracy),
                "variance": mean_interval(variances, shifts=shifts_of(units, "variance")),
            }
            corrected = estimate(units)
            chosen_lengths = [lengths[item] for item in chosen]
            result[pool][bucket] = {
                "n_items": len(chosen),
                "n_samples": sum(len(items[item].probs) for item in chosen),
                "mean_length": float(np.mean(chosen_lengths)),
                "min_length": min(chosen_lengths),
                "max_length": max(chosen_lengths),
                "accuracy": float(accuracies.mean()),
                "accuracy_ci_low": ends["accuracy"][0],
                "accuracy_ci_high": ends["accuracy"][1],
                "error": float(errors.mean()),
                "bias_sq": float(np.mean([s.bias_sq for s in splits])),
                "variance": float(variances.mean()),
                "variance_ci_low": ends["variance"][0],
                "variance_ci_high": ends["variance"][1],
                "incoherence": incoherence(variances, errors),
                "incoherence_unbiased": corrected.ratio,
                "incoherence_unbiased_ci_low": corrected.low,
                "incoherence_unbiased_ci_high": corrected.high,
                "n_effective": corrected.n_effective,
            }
    return result


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
@pytest.mark.parametrize("axis", AXES)
def test_buckets_and_fits_agree_with_the_oracle(built: Built, decomposition: str, axis: str) -> None:
    where = f"decomposition = '{decomposition}' and length_axis = '{axis}'"
    expected = expected_buckets(built, decomposition, axis)
    rows = built.rows("figures.fig_incoherence_by_reasoning_length", where)
    assert rows
    found = {(row["task"], row["model_id"], row["condition_id"], row["bucket"]): row for row in rows}
    assert set(found) == {(*pool, bucket) for pool, by_bucket in expected.items() for bucket in by_bucket}
    for pool, by_bucket in expected.items():
        for bucket, numbers in by_bucket.items():
            for column, number in numbers.items():
                assert agree(found[(*pool, bucket)][column], number), (pool, bucket, column)

    fits = built.rows("figures.fig_incoherence_by_reasoning_length_fits", where)
    assert len(fits) == 5 * len(expected)
    for row in fits:
        points = expected[row["task"], row["model_id"], row["condition_id"]].values()
        lengths, measured = [p["mean_length"] for p in points], [p[row["measure"]] for p in points]
        oracle = log_log_fit(lengths, measured, floor=ZERO_ERROR)
        for column, number in vars(oracle).items():
            assert agree(row[column], number), (row, oracle)


def test_labels_come_from_dimensions(built: Built) -> None:
    rows = built.rows("figures.fig_incoherence_by_reasoning_length", "model_id = 'Qwen/Qwen3-8B'")
    assert {(row["model_family"], row["param_count"], row["is_simulated"]) for row in rows} == {
        ("qwen3", 8_200_000_000, False)
    }
    assert {row["reasoning_budget"] for row in rows} == {"low"}
    assert {row["is_simulated"] for row in built.rows("figures.findings", "model_id = 'stand-in'")} == {True}
