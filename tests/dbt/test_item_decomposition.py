"""fct_item_decomposition and fct_incoherence against the definitions, on random rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import accuracy_shift, choice_unit, estimate, shifts_of
from tests.oracles.decompositions import Split, brier, kl, zero_one
from tests.oracles.pooling import incoherence, mean_interval


def split(answers: ItemAnswers, decomposition: str) -> Split:
    if decomposition == "kl":
        found = kl(answers.probs, answers.target)
        # What smoothing leaves of an error counts as 0, and so does what it leaves of a part.
        return Split(*(0.0 if part < 1e-9 else part for part in (found.error, found.bias_sq, found.variance)))
    if decomposition == "brier":
        return brier(answers.probs, answers.target)
    return zero_one(answers.probs, answers.predicted, answers.target)


@pytest.mark.parametrize("decomposition", ["kl", "brier", "zero_one"])
def test_items_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    rows = built.rows("marts.fct_item_decomposition", f"decomposition = '{decomposition}'")
    expected = {key: answers for key, answers in built.answers.items() if len(answers.probs)}
    assert {(row["task"], row["model_id"], row["condition_id"], row["item_id"]) for row in rows} == set(expected)
    for row in rows:
        answers = expected[row["task"], row["model_id"], row["condition_id"], row["item_id"]]
        oracle = split(answers, decomposition)
        for column in ("error", "bias_sq", "variance"):
            assert agree(row[column], getattr(oracle, column)), (row, oracle)
        has_ratio = decomposition != "zero_one" and oracle.error > 1e-9 and len(answers.probs) > 1
        ratio = oracle.variance / oracle.error if has_ratio else None
        assert agree(row["incoherence"], ratio), (row, oracle)
        assert row["n_samples"] == len(answers.probs)
        assert row["n_format_failures"] == sum(choice is None for choice in answers.predicted)
        assert (row["n_errors"], row["n_refused"]) == (answers.n_errors, answers.n_refused)
        assert row["n_renormalised"] == answers.n_renormalised
        assert agree(row["accuracy"], answers.accuracy)
        assert agree(row["mean_output_tokens"], answers.mean_length("output_tokens"))
        assert agree(row["mean_reasoning_tokens"], answers.mean_length("reasoning_tokens"))
        assert agree(row["mean_actions"], answers.mean_length("n_actions"))


@pytest.mark.parametrize("decomposition", ["brier", "kl"])
def test_corrected_for_few_samples(built: Built, decomposition: str) -> None:
    """Brier by pairs of samples of different contexts, KL by leaving each context out; of one context, samples."""
    rows = built.rows("marts.fct_item_decomposition", f"decomposition = '{decomposition}' and task <> 'independent'")
    for row in rows:
        answers = built.answers[row["task"], row["model_id"], row["condition_id"], row["item_id"]]
        unit = choice_unit(answers, decomposition)
        bias_sq = None if unit.variance is None else unit.error - unit.variance
        assert agree(row["bias_sq_unbiased"], bias_sq) and agree(row["variance_unbiased"], unit.variance), row


def test_the_random_rows_have_what_the_tests_are_about(built: Built) -> None:
    rows = built.rows("marts.fct_item_decomposition")
    assert any(row["error"] < 1e-9 and row["incoherence"] is None for row in rows if row["decomposition"] == "kl")
    assert len({row["n_samples"] for row in rows}) > 5
    assert any(row["n_format_failures"] == row["n_samples"] for row in rows)
    assert any(row["n_samples"] == 1 for row in rows)
    assert any(row["mean_reasoning_tokens"] is None for row in rows)
    assert sum(row["n_renormalised"] for row in rows) > 50
    assert {answers.probs.shape[1] for answers in built.answers.values()} == set(range(2, 11))
    tops = [np.sort(answers.probs.mean(axis=0))[-2:] for answers in built.answers.values() if len(answers.probs)]
    ties = [top for top in tops if top[1] - top[0] < 1e-12]
    assert len(ties) > 5


@pytest.mark.parametrize("decomposition", ["kl", "brier", "zero_one"])
def test_pooled_numbers_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    rows = built.rows("marts.fct_incoherence", f"decomposition = '{decomposition}'")
    assert {(row["task"], row["model_id"], row["condition_id"]) for row in rows} == {
        key[:3] for key, answers in built.answers.items() if len(answers.probs)
    }
    for row in rows:
        pool = (row["task"], row["model_id"], row["condition_id"])
        everything = [answers for key, answers in built.answers.items() if key[:3] == pool]
        entering = [answers for answers in everything if len(answers.probs)]
        splits = [split(answers, decomposition) for answers in entering]
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        units = [] if decomposition == "zero_one" else [choice_unit(answers, decomposition) for answers in entering]
        for part in ("error", "bias_sq", "variance"):
            values = np.array([getattr(s, part) for s in splits])
            low, high = mean_interval(values, shifts=shifts_of(units, part))
            assert agree(row[part], float(values.mean()))
            assert agree(row[f"{part}_ci_low"], low) and agree(row[f"{part}_ci_high"], high)
        assert row["n_items"] == len(entering)
        assert row["n_items_without_samples"] == len(everything) - len(entering)
        assert row["n_samples"] == sum(len(answers.probs) for answers in entering)
        assert row["n_errors"] == sum(answers.n_errors for answers in everything)
        assert row["n_refused"] == sum(answers.n_refused for answers in everything)
        accuracies = np.array([answers.accuracy for answers in entering])
        assert agree(row["accuracy"], float(accuracies.mean()))
        low, high = mean_interval(accuracies, high=1, shifts=[accuracy_shift(answers) for answers in entering])
        assert agree(row["accuracy_ci_low"], low) and agree(row["accuracy_ci_high"], high)
        if decomposition == "zero_one":
            assert (
                row["incoherence"] is None
                and row["incoherence_unbiased"] is None
                and row["interval_note"] == "no_ratio"
            )
            continue
        assert agree(row["incoherence"], incoherence(variances, errors))
        agree_on_incoherence(row, estimate(units))
        several = [(unit.error - unit.variance, unit.variance) for unit in units if unit.variance is not None]
        parts = list(np.array(several, dtype=float).T)
        for index, part in enumerate(("bias_sq_unbiased", "variance_unbiased")):
            mean = float(parts[index].mean())
            entered = [unit for unit in units if unit.variance is not None]
            low, high = mean_interval(parts[index], low=min(0, mean), shifts=shifts_of(entered, part))
            assert agree(row[part], mean)
            assert agree(row[f"{part}_ci_low"], low) and agree(row[f"{part}_ci_high"], high)


def test_open_ended_pools_have_their_corrected_variance(built: Built) -> None:
    (pool,) = built.rows("marts.fct_incoherence", "decomposition = 'embedding'")
    items = built.rows("marts.fct_item_decomposition", "decomposition = 'embedding'")
    values = np.array([row["variance_unbiased"] for row in items if row["n_samples"] > 1])
    assert 2 < len(values) < len(items) == pool["n_items"]
    low, high = mean_interval(values)
    assert agree(pool["variance_unbiased"], float(values.mean()))
    assert agree(pool["variance_unbiased_ci_low"], low) and agree(pool["variance_unbiased_ci_high"], high)
    assert pool["bias_sq_unbiased"] is None and pool["incoherence_unbiased"] is None


def test_items_without_an_accuracy_leave_the_others_their_interval(built: Built) -> None:
    (pool,) = built.rows("marts.fct_incoherence", "decomposition = 'embedding'")
    items = built.rows("marts.fct_item_decomposition", "decomposition = 'embedding'")
    judged = np.array([row["accuracy"] for row in items if row["accuracy"] is not None])
    assert 2 < len(judged) < len(items)
    low, high = mean_interval(judged, high=1)
    assert low is not None and high is not None and low < high
    assert agree(pool["accuracy"], float(judged.mean()))
    assert agree(pool["accuracy_ci_low"], low) and agree(pool["accuracy_ci_high"], high)
