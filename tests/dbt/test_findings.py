"""The findings' own statistics, against the definitions."""

from __future__ import annotations

import numpy as np
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.random_study import BUDGETS, SIZES
from tests.dbt.test_item_decomposition import split
from tests.dbt.test_model_scale import pool
from tests.dbt.test_natural_overthinking import expected_halves
from tests.oracles.pooling import incoherence
from tests.oracles.regression import log_log_fit

CONDITIONS = [f"budget-{budget}" for budget in BUDGETS]


def test_scale_compares_the_longest_items_with_the_shortest(built: Built) -> None:
    rows = built.rows("figures.findings", "finding = 'scale_helps_easy_not_hard'")
    assert {row["condition_id"] for row in rows} == set(CONDITIONS)
    for row in rows:
        groups = built.rows(
            "figures.fig_incoherence_by_model_scale",
            "task = 'study' and decomposition = 'kl' and grouped_by = 'reference_length' "
            f"and condition_id = '{row['condition_id']}'",
        )
        last = max(group["group_rank"] for group in groups)
        of = {(group["param_count"], group["group_rank"]): group["incoherence"] for group in groups}
        sizes = sorted(SIZES.values())
        oracle = log_log_fit(list(sizes), [of[size, last] / of[size, 1] for size in sizes])
        assert agree(row["statistic"], oracle.slope) and row["n"] == len(sizes)
        assert agree(row["statistic_ci_low"], oracle.slope_ci_low)


def test_overthinking_against_budgets_is_paired_by_item(built: Built) -> None:
    rows = built.rows("figures.findings", "finding = 'overthinking_beats_budgets' and task = 'study'")
    assert {row["model_id"] for row in rows} == set(SIZES)
    halves = expected_halves(built, "reasoning_tokens")[0]
    for row in rows:
        sides = []
        for condition, weight in zip(CONDITIONS, (-1.0, 1.0), strict=True):
            answers = pool(built, row["model_id"], condition)
            assert all(len(one.probs) > 1 for one in answers.values())
            whole = [split(one, "kl") for one in answers.values()]
            parts = halves["study", row["model_id"], condition]
            assert len(parts) == len(whole)
            sides.append((weight, whole))
            sides += [
                (share, [split(part[half], "kl") for part in parts])
                for half, share in (("below", -0.5), ("at_or_above", 0.5))
            ]
        statistic, influence = 0.0, np.zeros(row["n"])
        for weight, splits in sides:
            variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
            ratio = incoherence(variances, errors)
            assert ratio is not None
            statistic += weight * ratio
            influence += weight * (variances - ratio * errors) / errors.mean()
        half_width = stats.t.ppf(0.975, row["n"] - 1) * influence.std(ddof=1) / np.sqrt(row["n"])
        assert agree(row["statistic"], statistic)
        assert agree(row["statistic_ci_low"], statistic - half_width)
        assert agree(row["statistic_ci_high"], statistic + half_width)


def test_findings_say_what_their_interval_says_where_n_suffices(built: Built) -> None:
    rows = built.rows("figures.findings join seeds.known_findings using (finding)")
    assert {row["finding"] for row in rows} == {row["finding"] for row in built.rows("seeds.known_findings")}
    for row in rows:
        low, high, sentence = row["statistic_ci_low"], row["statistic_ci_high"], row["sentence"]
        if row["expected"] == "negative" and low is not None:
            low, high = -high, -low
        verdict = "cannot_tell" if low is None or low <= 0 <= high else "holds" if low > 0 else "does_not_hold"
        if row["n"] < row["min_n"]:
            verdict = "cannot_tell"
            assert f"fewer than {row['min_n']} are too few" in sentence
        assert row["verdict"] == verdict, sentence
        assert sentence.startswith(verdict.replace("_", " ").capitalize())
        assert sentence.endswith(".") and str(row["n"]) in sentence
    assert {row["verdict"] for row in rows} >= {"holds", "cannot_tell"}
    assert any(row["n"] < row["min_n"] for row in rows)
