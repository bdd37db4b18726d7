"""The findings' own statistics, against the definitions."""

from __future__ import annotations

from dataclasses import replace

from tests.dbt.conftest import Built, agree
from tests.dbt.random_study import BUDGETS, SIZES
from tests.dbt.test_model_scale import pool
from tests.dbt.test_natural_overthinking import SIDES, expected_halves, units
from tests.oracles.corrected import choice_unit, contrast
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
        easy, hard = ([of[size, group] for size in sizes] for group in (1, last))
        oracle = log_log_fit(list(sizes), [h / e for h, e in zip(hard, easy, strict=True)])
        assert agree(row["statistic"], oracle.slope) and row["n"] == len(sizes)
        assert agree(row["statistic_ci_low"], oracle.slope_ci_low)
        on_easy, on_hard = log_log_fit(list(sizes), easy), log_log_fit(list(sizes), hard)
        for number in (on_easy.slope, on_easy.slope_ci_low, on_easy.slope_ci_high, on_hard.slope, oracle.slope):
            assert in_words(number) in row["sentence"], (number, row["sentence"])


def in_words(number: float | None) -> str:
    assert number is not None
    return f"{'−' if number < 0 else '+'}{abs(number):.2f}"


def test_overthinking_against_budgets_is_paired_by_item(built: Built) -> None:
    rows = built.rows("figures.findings", "finding = 'overthinking_beats_budgets' and task = 'study'")
    assert {row["model_id"] for row in rows} == set(SIZES)
    halves = expected_halves(built, "kl", "reasoning_tokens")[0]
    for row in rows:
        sides = []
        for condition, weight in zip(CONDITIONS, (-1.0, 1.0), strict=True):
            answers = pool(built, row["model_id"], condition).values()
            whole = [replace(choice_unit(one, "kl"), margin=None, shifts={}) for one in answers]
            parts = halves["study", row["model_id"], condition]
            assert len(parts) == len(whole)
            sides.append((weight, whole))
            sides += [(share, units(parts, half)) for half, share in zip(SIDES, (-0.5, 0.5), strict=True)]
        statistic, low, high = contrast(sides)
        assert row["n"] == len(sides[0][1])
        assert agree(row["statistic"], statistic)
        assert agree(row["statistic_ci_low"], low) and agree(row["statistic_ci_high"], high)


def test_conditions_that_differ_in_more_than_budget_are_not_compared(built: Built) -> None:
    """Other shots and another temperature stand alone; of two conditions with the largest budget, the first by id."""
    (row,) = built.rows("intermediate.int_overthinking_against_budgets", "task = 'budgets'")
    assert (row["low_condition_id"], row["high_condition_id"]) == ("t1-low", "t1-high-a")
    ranks = {
        row["condition_id"]: row["budget_rank"]
        for row in built.rows(
            "figures.fig_incoherence_by_reasoning_budget", "task = 'budgets' and decomposition = 'brier'"
        )
    }
    assert ranks == {"t1-low": 1, "t1-high-a": 2, "t1-high-b": 2, "t0-high": 1, "two-shots-high": 1}


def test_pools_without_options_are_told_by_unit_tests_or_grades(built: Built) -> None:
    told = {
        (row["finding"], row["task"]): row
        for row in built.rows("figures.findings", "length_axis is not null and decomposition is not null")
    }
    for finding in ("longer_reasoning_more_incoherent", "overthinking_more_incoherent"):
        for task, decomposition in {"study": "kl", "four": "kl", "repair": "coverage", "open": "score"}.items():
            row = told[finding, task]
            assert row["decomposition"] == decomposition
            assert (f"{decomposition} incoherence" in row["sentence"]) == (decomposition != "kl"), row["sentence"]
    keys = [
        (row["finding"], row["task"], row["model_id"], row["condition_id"]) for row in built.rows("figures.findings")
    ]
    overthinking = [key for key in keys if key[0] == "overthinking_more_incoherent"]
    assert len(overthinking) == len(set(overthinking))


def both(verdict: str, other: str) -> str:
    """One verdict from two: any `does_not_hold` decides, and `holds` takes both."""
    return next(word for word in ("does_not_hold", "cannot_tell", "holds") if word in (verdict, other))


def test_findings_say_what_their_interval_says_where_n_suffices(built: Built) -> None:
    rows = built.rows("figures.findings join seeds.known_findings using (finding)")
    assert {row["finding"] for row in rows} == {row["finding"] for row in built.rows("seeds.known_findings")}
    preconditions = {
        row["condition_id"]: row["precondition"] for row in built.rows("intermediate.int_finding_model_scale")
    }
    for row in rows:
        low, high, sentence = row["statistic_ci_low"], row["statistic_ci_high"], row["sentence"]
        if row["expected"] == "negative" and low is not None:
            low, high = -high, -low
        verdict = "cannot_tell" if low is None or low <= 0 <= high else "holds" if low > 0 else "does_not_hold"
        if row["finding"] == "ensembling_removes_variance" and low is not None:  # the signs of both are turned
            near = "holds" if low >= 0.75 and high <= 1.25 else "cannot_tell"
            verdict = both(verdict, "does_not_hold" if low > 1.25 or high < 0.75 else near)
        if row["finding"] == "scale_helps_easy_not_hard":
            verdict = both(verdict, preconditions[row["condition_id"]])
        if row["n"] < row["min_n"]:
            verdict = "cannot_tell"
            assert f"fewer than {row['min_n']} are too few" in sentence
        assert row["verdict"] == verdict, sentence
        assert sentence.startswith(verdict.replace("_", " ").capitalize())
        assert sentence.endswith(".") and str(row["n"]) in sentence
    assert {row["verdict"] for row in rows} >= {"holds", "cannot_tell"}
    assert any(row["n"] < row["min_n"] for row in rows)
