"""Groups of items over model size, accuracy, budgets and the joint regression, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.dbt.random_study import BUDGETS, SIZES
from tests.dbt.test_item_decomposition import split
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import accuracy_shift, choice_unit, estimate
from tests.oracles.pooling import ZERO_ERROR, buckets, incoherence, mean_interval
from tests.oracles.regression import log_log_fit, log_log_plane

REFERENCE = "fam-3"
Groups = dict[str, list[str]]


def pool(built: Built, model_id: str, condition_id: str) -> dict[str, ItemAnswers]:
    key = ("study", model_id, condition_id)
    return {full[3]: answers for full, answers in built.answers.items() if full[:3] == key}


def groups(built: Built, condition_id: str, grouped_by: str) -> Groups:
    """Item ids per group."""
    members: Groups = defaultdict(list)
    if grouped_by == "reference_length":
        lengths = {
            item: answers.mean_length("reasoning_tokens") or 0.0
            for item, answers in pool(built, REFERENCE, condition_id).items()
        }
        for item, bucket in buckets(lengths, max_buckets=5).items():
            members[str(bucket)].append(item)
    else:
        for item in built.evals.items:
            if item["task"] == "study" and item[grouped_by] is not None:
                members[item[grouped_by]].append(item["item_id"])
    return members


@pytest.mark.parametrize("grouped_by", ["reference_length", "human_difficulty", "subject"])
@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_groups_and_fits_agree_with_the_oracle(built: Built, grouped_by: str, decomposition: str) -> None:
    where = f"task = 'study' and grouped_by = '{grouped_by}' and decomposition = '{decomposition}'"
    rows = built.rows("figures.fig_incoherence_by_model_scale", where)
    measured: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    n_expected = 0
    for budget in BUDGETS:
        members = groups(built, f"budget-{budget}", grouped_by)
        n_expected += len(members) * len(SIZES)
    assert len(rows) == n_expected
    for row in rows:
        answers = pool(built, row["model_id"], row["condition_id"])
        chosen = [answers[item] for item in groups(built, row["condition_id"], grouped_by)[row["item_group"]]]
        splits = [split(one, decomposition) for one in chosen]
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        accuracies = np.array([one.accuracy for one in chosen])
        assert (row["reference_model_id"], row["param_count"]) == (REFERENCE, SIZES[row["model_id"]])
        assert (row["n_items"], row["n_samples"]) == (len(chosen), sum(len(one.probs) for one in chosen))
        assert agree(row["error"], float(errors.mean())) and agree(row["variance"], float(variances.mean()))
        assert agree(row["bias_sq"], float(np.mean([s.bias_sq for s in splits])))
        assert agree(row["incoherence"], incoherence(variances, errors))
        agree_on_incoherence(row, estimate([choice_unit(one, decomposition) for one in chosen]))
        assert agree(row["accuracy"], float(accuracies.mean()))
        low, high = mean_interval(accuracies, high=1, shifts=[accuracy_shift(one) for one in chosen])
        assert agree(row["accuracy_ci_low"], low) and agree(row["accuracy_ci_high"], high)
        measured[row["condition_id"], row["item_group"]].append(row)
    for fit in built.rows("figures.fig_incoherence_by_model_scale_fits", where):
        points = measured[fit["condition_id"], fit["item_group"]]
        oracle = log_log_fit(
            [row["param_count"] for row in points], [row[fit["measure"]] for row in points], floor=ZERO_ERROR
        )
        for column, number in vars(oracle).items():
            assert agree(fit[column], number), (fit, oracle)


@pytest.mark.parametrize("grouped_by", ["human_difficulty", "subject"])
@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_labels_agree_with_the_oracle(built: Built, grouped_by: str, decomposition: str) -> None:
    where = f"task = 'study' and grouped_by = '{grouped_by}' and decomposition = '{decomposition}'"
    rows = built.rows("figures.fig_incoherence_by_label", where)
    every = {key[1:3] for key in built.answers if key[0] == "study"}
    members = groups(built, "", grouped_by)
    assert {(row["model_id"], row["condition_id"], row["item_group"]) for row in rows} == {
        (*pair, label) for pair in every for label in members
    }
    for row in rows:
        answers = pool(built, row["model_id"], row["condition_id"])
        chosen = [answers[item] for item in members[row["item_group"]] if item in answers]
        splits = [split(one, decomposition) for one in chosen]
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        assert row["n_items"] == len(chosen) and agree(row["error"], float(errors.mean()))
        assert agree(row["incoherence"], incoherence(variances, errors))
        agree_on_incoherence(row, estimate([choice_unit(one, decomposition) for one in chosen]))
    means = {
        label: np.mean([a.accuracy for pair in every for i, a in pool(built, *pair).items() if i in items])
        for label, items in members.items()
    }
    assert [label for _, label in sorted({(row["label_rank"], row["item_group"]) for row in rows})] == sorted(
        means, key=lambda label: (-means[label], label)
    )


def test_groups_run_from_short_to_long(built: Built) -> None:
    rows = built.rows("figures.fig_incoherence_by_model_scale", "model_id = 'fam-1' and decomposition = 'kl'")
    lengths: dict[tuple[str, str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        lengths[row["task"], row["condition_id"], row["grouped_by"]].append(
            (row["group_rank"], row["reference_length"])
        )
    for ranked in lengths.values():
        ordered = [length for _, length in sorted(ranked)]
        assert ordered == sorted(ordered) and [rank for rank, _ in sorted(ranked)] == list(range(1, len(ranked) + 1))


def test_a_family_of_one_size_has_no_scale(built: Built) -> None:
    families = {row["model_family"] for row in built.rows("figures.fig_incoherence_by_model_scale")}
    assert families == {"fam"}


def test_length_and_scale_together_agree_with_the_oracle(built: Built) -> None:
    rows = built.rows("figures.fig_length_and_scale_regression", "task = 'study'")
    assert len(rows) == len(BUDGETS) * 2 * 2
    for row in rows:
        points = built.rows(
            "figures.fig_incoherence_by_reasoning_length",
            f"task = 'study' and condition_id = '{row['condition_id']}' and decomposition = '{row['decomposition']}' "
            f"and length_axis = '{row['length_axis']}'",
        )
        oracle = log_log_plane(
            [point["mean_length"] for point in points],
            [point["param_count"] for point in points],
            [point["incoherence"] for point in points],
            floor=ZERO_ERROR,
        )
        for column, number in oracle.items():
            assert agree(row[column], number), (column, row, oracle)


def test_budgets_are_in_order_and_repeat_the_pooled_numbers(built: Built) -> None:
    rows = built.rows("figures.fig_incoherence_by_reasoning_budget", "task = 'study' and decomposition = 'kl'")
    assert len(rows) == len(SIZES) * len(BUDGETS)
    for row in rows:
        assert row["budget_rank"] == BUDGETS.index(row["reasoning_budget"]) + 1
        (pooled,) = built.rows(
            "marts.fct_incoherence",
            f"task = 'study' and decomposition = 'kl' and model_id = '{row['model_id']}' "
            f"and condition_id = '{row['condition_id']}'",
        )
        assert all(
            row[column] == pooled[column] for column in ("n_items", "accuracy", "incoherence", "accuracy_ci_low")
        )


def test_accuracy_has_one_row_per_pool(built: Built) -> None:
    rows = built.rows("figures.fig_accuracy_by_model_scale", "model_family = 'fam'")
    found = {(row["task"], row["model_id"], row["condition_id"]): row["accuracy"] for row in rows}
    assert len(found) == len(rows)
    for model_id in SIZES:
        for budget in BUDGETS:
            accuracies = [answers.accuracy for answers in pool(built, model_id, f"budget-{budget}").values()]
            assert agree(found["study", model_id, f"budget-{budget}"], float(np.mean(accuracies)))
