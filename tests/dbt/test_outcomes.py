"""Coverage over unit tests, scores and embeddings, against the definitions."""

from __future__ import annotations

import pytest

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.oracles.answers import ItemKey
from tests.oracles.corrected import contrast, estimate, graded_unit
from tests.oracles.decompositions import coverage, coverage_unbiased, embedding
from tests.oracles.outcomes import by_item, contexts_by_item, scores_by_sample, unit_tests_by_sample, vectors_by_item


def key_of(row: dict[str, object]) -> ItemKey:
    return str(row["task"]), str(row["model_id"]), str(row["condition_id"]), str(row["item_id"])


@pytest.mark.parametrize("decomposition", ["coverage", "score"])
def test_graded_outcomes_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    raw = built.evals
    if decomposition == "coverage":
        outcomes_of = unit_tests_by_sample(raw.samples, raw.test_outcomes)
    else:
        outcomes_of = scores_by_sample(raw.items, raw.samples, raw.test_outcomes)
    expected = by_item(raw.samples, outcomes_of)
    rows = built.rows("marts.fct_item_decomposition", f"decomposition = '{decomposition}'")
    assert {key_of(row) for row in rows} == set(expected)
    assert len({row["n_samples"] for row in rows}) > 2
    for row in rows:
        outcomes = expected[key_of(row)]
        oracle, (bias_sq, variance) = coverage(outcomes), coverage_unbiased(outcomes)
        assert row["n_samples"] == len(outcomes)
        for column in ("error", "bias_sq", "variance"):
            assert agree(row[column], getattr(oracle, column)), (row, oracle)
        if row["task"] != "trials":  # which shares contexts
            assert agree(row["bias_sq_unbiased"], bias_sq) and agree(row["variance_unbiased"], variance)
        # One sample has no variance to speak of: NULL, not 0.
        has_ratio = oracle.error > 1e-9 and len(outcomes) > 1
        assert agree(row["incoherence"], oracle.variance / oracle.error if has_ratio else None)


@pytest.mark.parametrize("decomposition", ["coverage", "score"])
def test_graded_pools_that_share_contexts_have_two_way_intervals(built: Built, decomposition: str) -> None:
    """Variance from pairs of different contexts, and what leaving one out does to all items at once."""
    raw = built.evals
    if decomposition == "coverage":
        outcomes = unit_tests_by_sample(raw.samples, raw.test_outcomes)
    else:
        outcomes = scores_by_sample(raw.items, raw.samples, raw.test_outcomes)
    contexts = contexts_by_item(raw.samples, outcomes)
    units = {key: graded_unit(values, contexts[key]) for key, values in by_item(raw.samples, outcomes).items()}
    for row in built.rows("marts.fct_item_decomposition", f"decomposition = '{decomposition}' and task = 'trials'"):
        assert agree(row["variance_unbiased"], units[key_of(row)].variance)
    rows = built.rows("marts.fct_incoherence", f"decomposition = '{decomposition}' and task = 'trials'")
    assert {row["model_id"] for row in rows} == {"tinker", "fixer"}
    for row in rows:
        pool = [unit for key, unit in units.items() if key[:3] == (row["task"], row["model_id"], row["condition_id"])]
        assert row["n_contexts"] == 5 and row["incoherence_unbiased_ci_low"] is not None
        agree_on_incoherence(row, estimate(pool))
    sides = [[u for key, u in sorted(units.items()) if key[:2] == ("trials", model)] for model in ("fixer", "tinker")]
    (row,) = built.rows("marts.fct_incoherence_difference", f"decomposition = '{decomposition}' and task = 'trials'")
    difference, low, high = contrast([(-1, sides[0]), (1, sides[1])])
    assert agree(row["incoherence_unbiased_difference"], difference)
    assert agree(row["incoherence_unbiased_difference_ci_low"], low)
    assert agree(row["incoherence_unbiased_difference_ci_high"], high)


def test_a_run_cut_off_leaves_the_tests_as_they_were(built: Built) -> None:
    limits = {s["sample_id"] for s in built.evals.samples if s["status"] == "limit" and s["task"] == "repair"}
    rows = [row for row in built.rows("intermediate.int_sample_tests") if row["sample_id"] in limits]
    assert rows and all(row["passed"] == (row["kind"] == "pass_to_pass") for row in rows)
    assert all(row["is_correct"] is False for row in built.rows("marts.fct_sample") if row["sample_id"] in limits)


def test_embeddings_agree_with_the_oracle(built: Built) -> None:
    vectors = vectors_by_item(built.evals.samples, built.evals.embeddings)
    rows = built.rows("intermediate.int_item_embedding")
    assert {(row["embedding_model"], key_of(row)) for row in rows} == {(m, key) for m in vectors for key in vectors[m]}
    for row in rows:
        variance, unbiased = embedding(vectors[row["embedding_model"]][key_of(row)])
        assert agree(row["variance"], variance) and agree(row["variance_unbiased"], unbiased)
        assert row["is_main"] == (row["embedding_model"] == "wide")
    decomposed = built.rows("marts.fct_item_decomposition", "decomposition = 'embedding'")
    assert len(decomposed) == sum(row["is_main"] for row in rows) > 0
    assert all(row["error"] is None and row["incoherence"] is None for row in decomposed)
