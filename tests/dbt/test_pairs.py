"""Two pools on the same items: differences and correlations of length, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.test_item_decomposition import split
from tests.dbt.test_model_scale import pool
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import Unit, accuracy_shift, choice_unit, contrast, estimate, graded_unit, shifts_of
from tests.oracles.decompositions import coverage
from tests.oracles.outcomes import by_item, scores_by_sample, unit_tests_by_sample
from tests.oracles.pooling import Shift, incoherence, mean_interval, paired_mean_interval

KEYS = ("task", "model_id", "condition_id", "other_model_id", "other_condition_id", "decomposition")


Pool = dict[str, ItemAnswers]
MEANS = ("accuracy", "error", "bias_sq", "variance")
CORRECTED = ("bias_sq_unbiased", "variance_unbiased")


def pools(built: Built) -> dict[tuple[str, str, str], Pool]:
    """Items that have samples, by task, model and condition."""
    found: dict[tuple[str, str, str], Pool] = defaultdict(dict)
    for (task, model_id, condition_id, item), answers in built.answers.items():
        if len(answers.probs):
            found[task, model_id, condition_id][item] = answers
    return found


def test_differences_are_paired_by_item(built: Built) -> None:
    rows = built.rows("marts.fct_incoherence_difference", "decomposition in ('kl', 'brier')")
    # Three pairs of models in each of two conditions, one pair of conditions for each of three models.
    assert sum(row["task"] == "study" for row in rows) == 2 * (2 * 3 + 3)
    found = pools(built)
    for row in rows:
        one = found[row["task"], row["model_id"], row["condition_id"]]
        other = found[row["task"], row["other_model_id"], row["other_condition_id"]]
        shared = [item for item in one if item in other]
        assert row["n_items"] == len(shared) > 1
        sides = [[split(answers[item], row["decomposition"]) for item in shared] for answers in (one, other)]
        ratios = [(np.array([s.variance for s in side]), np.array([s.error for s in side])) for side in sides]
        estimates = [incoherence(*side) for side in ratios]
        assert agree(row["incoherence"], estimates[0]) and agree(row["other_incoherence"], estimates[1])
        for measure in MEANS:
            shifts: list[Sequence[Shift]]
            if measure == "accuracy":
                values = [np.array([answers[item].accuracy for item in shared]) for answers in (one, other)]
                shifts = [[accuracy_shift(answers[item]) for item in shared] for answers in (one, other)]
            else:
                values = [np.array([getattr(s, measure) for s in side]) for side in sides]
                units = [[choice_unit(answers[i], row["decomposition"]) for i in shared] for answers in (one, other)]
                shifts = [shifts_of(side, measure) for side in units]
            expected = paired_mean_interval(values[0], values[1], differences(*shifts))
            _agree_on_difference(row, measure, [float(side.mean()) for side in values], expected)


def differences(first: Sequence[Shift], second: Sequence[Shift]) -> list[Shift]:
    """Shifts of second minus first, by item and context."""
    return [
        {name: other.get(name, 0.0) - one.get(name, 0.0) for name in {*one, *other}}
        for one, other in zip(first, second, strict=True)
    ]


def test_pools_of_unequally_many_samples_are_compared_corrected(built: Built) -> None:
    rows = built.rows("marts.fct_incoherence_difference", "decomposition in ('kl', 'brier')")
    found = pools(built)
    unequal = 0
    for row in rows:
        one = found[row["task"], row["model_id"], row["condition_id"]]
        other = found[row["task"], row["other_model_id"], row["other_condition_id"]]
        several = [i for i in one if i in other and len(one[i].probs) > 1 and len(other[i].probs) > 1]
        unequal += any(len(one[item].probs) != len(other[item].probs) for item in several)
        sides = [[choice_unit(answers[item], row["decomposition"]) for item in several] for answers in (one, other)]
        _agree_on_contrast(row, sides)
        for measure in CORRECTED:
            values = [np.array([_corrected(unit, measure) for unit in side]) for side in sides]
            means = [float(side.mean()) if len(side) else None for side in values]
            shifts = differences(*(shifts_of(side, measure) for side in sides))
            _agree_on_difference(row, measure, means, paired_mean_interval(values[0], values[1], shifts))
    assert unequal > 5


def _corrected(unit: Unit, measure: str) -> float:
    assert unit.variance is not None
    return unit.variance if measure == "variance_unbiased" else unit.error - unit.variance


def _agree_on_contrast(row: dict[str, Any], sides: list[list[Unit]]) -> None:
    ratios = [estimate(units).ratio for units in sides]
    _agree_on_difference(row, "incoherence_unbiased", ratios, contrast([(-1, sides[0]), (1, sides[1])]))
    assert (row["interval_note"] is None) == (row["incoherence_unbiased_difference_ci_low"] is not None)


def _agree_on_difference(
    row: dict[str, Any],
    measure: str,
    estimates: list[float | None] | list[float],
    difference: tuple[float | None, float | None, float | None],
) -> None:
    assert agree(row[measure], estimates[0]) and agree(row[f"other_{measure}"], estimates[1]), (measure, row)
    for end, expected in zip(("", "_ci_low", "_ci_high"), difference, strict=True):
        assert agree(row[f"{measure}_difference{end}"], expected), (measure, row)


@pytest.mark.parametrize("decomposition", ["coverage", "score"])
def test_differences_of_graded_outcomes(built: Built, decomposition: str) -> None:
    raw = built.evals
    if decomposition == "coverage":
        outcomes = by_item(raw.samples, unit_tests_by_sample(raw.samples, raw.test_outcomes))
    else:
        outcomes = by_item(raw.samples, scores_by_sample(raw.items, raw.samples, raw.test_outcomes))
    # Those that share contexts are held against the oracle in test_outcomes.
    where = f"decomposition = '{decomposition}' and task <> 'trials'"
    rows = built.rows("marts.fct_incoherence_difference", where)
    assert rows
    for row in rows:
        keys = [(row["task"], row[f"{side}model_id"], row[f"{side}condition_id"]) for side in ("", "other_")]
        items = [{key[3]: values for key, values in outcomes.items() if key[:3] == pool} for pool in keys]
        several = [i for i in items[0] if i in items[1] and len(items[0][i]) > 1 and len(items[1][i]) > 1]
        _agree_on_contrast(row, [[graded_unit(side[item]) for item in several] for side in items])
        shared = [i for i in items[0] if i in items[1]]
        variances = [np.array([coverage(side[item]).variance for item in shared]) for side in items]
        means = [float(side.mean()) for side in variances]
        _agree_on_difference(row, "variance", means, paired_mean_interval(variances[0], variances[1]))
        assert row["n_items"] == len(shared)


def test_the_figure_has_a_row_per_pair_with_the_labels_of_both(built: Built) -> None:
    rows = built.rows("figures.fig_incoherence_difference")
    facts = {tuple(row[key] for key in KEYS): row for row in built.rows("marts.fct_incoherence_difference")}
    models = {row["model_id"]: row for row in built.rows("marts.dim_model")}
    conditions = {row["condition_id"]: row for row in built.rows("marts.dim_condition")}
    assert len(rows) == len(facts)
    for row in rows:
        fact = facts[tuple(row[key] for key in KEYS)]
        assert fact.items() <= row.items()
        for side in ("", "other_"):
            for name in ("model_family", "param_count", "is_simulated"):
                assert row[side + name] == models[row[f"{side}model_id"]][name]
            for name in ("condition_label", "prompt_format", "reasoning_budget"):
                assert row[side + name] == conditions[row[f"{side}condition_id"]][name]


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
