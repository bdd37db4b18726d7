"""The findings' statistics and verdicts, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.random_raw import RawRows
from tests.dbt.random_study import BUDGETS, SIZES
from tests.dbt.test_slopes import held_halves
from tests.dbt.test_synthetic import points_by_start, problem, units_of
from tests.oracles.contrasts import Row, pooled_contrast
from tests.oracles.corrected import Unit
from tests.oracles.regression import log_log_fit
from tests.oracles.slopes import Slope, two_sided_p

CONDITIONS = [f"budget-{budget}" for budget in BUDGETS]
MARGINS = {"slope": 0.1, "difference": 0.05, "proportion": 0.25}


def check(row: dict[str, Any], oracle: Slope | None) -> None:
    """The interval, where one is shown."""
    assert oracle is not None and row["n"] == oracle.n
    assert agree(row["statistic"], oracle.slope), (row, oracle)
    if row["statistic_ci_low"] is not None:
        assert agree(row["statistic_ci_low"], oracle.low) and agree(row["statistic_ci_high"], oracle.high)
        p = two_sided_p(oracle.slope, (oracle.high - oracle.low) / 2, oracle.degrees_of_freedom)
        assert agree(row["p_value"], p)


def test_length_is_told_of_all_models_of_a_task(built: Built) -> None:
    rows = built.rows("figures.findings", "finding = 'longer_reasoning_more_incoherent'")
    assert {(row["task"], row["decomposition"]) for row in rows} >= {
        ("study", "brier"), ("four", "brier"), ("repair", "coverage"), ("open", "score"),
    }  # fmt: skip
    told = {(row["task"], row["condition_id"], row["decomposition"], row["model_id"]): row for row in rows}
    slopes = built.rows("figures.fig_incoherence_slopes", "slope_over = 'reasoning_length' and is_headline")
    for slope in slopes:
        key = (slope["task"], slope["condition_id"], slope["decomposition"])
        row = told.get((*key, slope["model_id"]))
        if slope["fit_scope"] == "all_models":
            assert row is not None and row["statistic"] == slope["slope"] and row["verdict"] == slope["verdict"], row
        elif row is None:
            assert (*key, None) in told


def test_overthinking_holds_accuracy(built: Built) -> None:
    rows = built.rows(
        "figures.findings", "finding = 'overthinking_more_incoherent' and decomposition = 'brier' and model_id is null"
    )
    assert rows
    for row in rows:
        halves: list[Row] = [
            (key[1], key[3], half, error, variance)
            for key, sides in held_halves(built, row["length_axis"]).items()
            if (key[0], key[2]) == (row["task"], row["condition_id"])
            for half, (error, variance, _) in sides.items()
        ]
        check(row, pooled_contrast({"shorter": -1, "longer": 1}, halves))


def test_of_one_model_its_own_difference_is_told(built: Built) -> None:
    """Not that of others under the same condition, which are told by another axis."""
    rows = built.rows("figures.findings", "finding = 'overthinking_more_incoherent' and model_id is not null")
    assert {(row["task"], row["model_id"]) for row in rows} >= {("budgets", "spender"), ("budgets", "mute")}
    for row in rows:
        assert "(each model)" not in row["sentence"], row["sentence"]


def test_what_a_stand_in_has_a_part_in_is_no_result(built: Built) -> None:
    pooled = built.rows("figures.fig_incoherence_slopes", "fit_scope = 'all_models' and decomposition = 'brier'")
    assert {row["is_simulated"] for row in pooled} == {True, False}
    for row in pooled:
        assert row["is_simulated"] == (row["task"] in ("four", "many")), row
    told = built.rows("figures.findings", "model_id is null and task = 'four'")
    assert told and all("(simulated)" in row["sentence"] for row in told)


def test_overthinking_against_budgets(built: Built) -> None:
    (row,) = built.rows("figures.findings", "finding = 'overthinking_beats_budgets' and task = 'study'")
    sides: list[Row] = []
    for side, condition in zip(("low", "high"), CONDITIONS, strict=True):
        for item in built.rows(
            "marts.fct_item_decomposition",
            f"task = 'study' and condition_id = '{condition}' and decomposition = 'brier' "
            "and variance_unbiased is not null",
        ):
            sides.append((item["model_id"], item["item_id"], side, item["error"], item["variance_unbiased"]))
        for key, found in held_halves(built, "reasoning_tokens").items():
            if (key[0], key[2]) == ("study", condition):
                sides += [(key[1], key[3], f"{side}_{half}", e, v) for half, (e, v, _) in found.items()]
    # A model that hides its reasoning under one budget is compared on no axis that both have.
    pools = {(s[0], s[2]) for s in sides if s[2].endswith("shorter")}
    complete = {model for model in SIZES if {(model, "low_shorter"), (model, "high_shorter")} <= pools}
    weights = {"low": -1, "high": 1, "low_shorter": -0.5, "low_longer": 0.5, "high_shorter": -0.5, "high_longer": 0.5}
    check(row, pooled_contrast(weights, [side for side in sides if side[0] in complete]))


def test_models_of_different_axes_have_a_finding_each(built: Built) -> None:
    """Two models under the same two budgets, one of which does not tell its reasoning."""
    rows = built.rows("figures.findings", "finding = 'overthinking_beats_budgets' and task = 'budgets'")
    assert {(row["model_id"], row["length_axis"]) for row in rows} == {
        ("spender", "reasoning_tokens"), ("mute", "output_tokens"),
    }  # fmt: skip
    ways = built.rows("figures.fig_multiverse", "finding = 'overthinking_beats_budgets' and task = 'budgets'")
    for row in rows:
        of_row = [way for way in ways if way["fit_id"] == row["fit_id"]]
        assert row["length_axis"] in {way["length_axis"] for way in of_row}
        assert len(of_row) == row["n_analyses"] and {way["model_id"] for way in of_row} == {row["model_id"]}


def test_conditions_that_differ_in_more_than_budget_are_not_compared(built: Built) -> None:
    """Other shots and another temperature stand alone; of two conditions with the largest budget, the first by id."""
    pairs = {
        (row["low_condition_id"], row["high_condition_id"])
        for row in built.rows("intermediate.int_budget_sides", "task = 'budgets'")
    }
    assert pairs == {("t1-low", "t1-high-a")}
    ranks = {
        row["condition_id"]: row["budget_rank"]
        for row in built.rows(
            "figures.fig_incoherence_by_reasoning_budget", "task = 'budgets' and decomposition = 'brier'"
        )
    }
    assert ranks == {"t1-low": 1, "t1-high-a": 2, "t1-high-b": 2, "t0-high": 1, "two-shots-high": 1}


def test_scale_compares_the_longest_items_with_the_shortest(built: Built) -> None:
    rows = built.rows("figures.findings", "finding = 'scale_helps_easy_not_hard'")
    assert {row["condition_id"] for row in rows} == set(CONDITIONS)
    for row in rows:
        groups = built.rows(
            "figures.fig_incoherence_by_model_scale",
            "task = 'study' and decomposition = 'brier' and grouped_by = 'reference_length' "
            f"and condition_id = '{row['condition_id']}'",
        )
        last = max(group["group_rank"] for group in groups)
        of = {(group["param_count"], group["group_rank"]): group["incoherence_unbiased"] for group in groups}
        sizes = sorted(SIZES.values())
        easy, hard = ([of[size, group] for size in sizes] for group in (1, last))
        oracle = log_log_fit(list(sizes), [h / e for h, e in zip(hard, easy, strict=True)])
        assert agree(row["statistic"], oracle.slope) and row["n"] == len(sizes)
        assert agree(row["statistic_ci_low"], oracle.slope_ci_low)
        assert row["verdict"] == "cannot_tell" and row["n_more"] >= 3
        assert "fewer than 6 sizes" in row["sentence"]


def starting_points(rows: RawRows, temperature: float, decomposition: str) -> list[Row]:
    """Error and corrected variance of every start at the first and the last step, of learners and of the exact one."""
    _, minimum, matrix = problem(rows)
    found: dict[tuple[str, int], list[Unit]] = {}
    for (model, starts, at, step), points in points_by_start(rows).items():
        if starts == "standard" and at == (0.0 if model == "teacher" else temperature):
            found[model, step] = units_of(points, minimum, matrix, decomposition)
    first, final = min(step for _, step in found), max(step for _, step in found)
    return [
        (learner, str(place), f"{who}_{moment}", unit.error, unit.variance)
        for learner in {model for model, _ in found} - {"teacher"}
        for who, model in (("learned", learner), ("exact", "teacher"))
        for moment, step in (("first", first), ("final", final))
        for place, unit in enumerate(found[model, step])
        if unit.variance is not None
    ]


def test_a_learned_optimizer_is_held_against_the_exact_one(built: Built) -> None:
    problems = {problem(rows)[0]: rows for rows in built.synthetic}
    found = built.rows("figures.findings", "finding = 'synthetic_incoherence_rises_with_steps'")
    assert {(row["problem_id"], row["temperature"]) for row in found} == {(p, t) for p in problems for t in (0.0, 1.0)}
    weights = {"learned_first": -1, "learned_final": 1, "exact_first": 1, "exact_final": -1}
    for row in found:
        sides = starting_points(problems[row["problem_id"]], row["temperature"], row["decomposition"])
        check(row, pooled_contrast(weights, sides))


def test_verdicts_say_what_intervals_say(built: Built) -> None:
    rows = built.rows("figures.findings inner join seeds.known_findings using (finding, title, kind, paper_shows)")
    assert {row["finding"] for row in rows} == {row["finding"] for row in built.rows("seeds.known_findings")}
    preconditions = {
        (row["finding"], row["task"], row["condition_id"]): row["precondition"]
        for row in built.rows("intermediate.int_findings")
    }
    for row in rows:
        low, high, margin = row["statistic_ci_low"], row["statistic_ci_high"], MARGINS[row["measured_as"]]
        if low is None or row["n"] < row["min_n"]:
            verdict = "cannot_tell"
        elif row["kind"] == "sanity_check":
            inside, overlaps = -margin <= low and high <= margin, low <= 0 <= high
            verdict = "holds" if inside else "cannot_tell" if overlaps else "does_not_hold"
        elif -margin <= low and high <= margin:
            verdict = "negligible"
        else:
            side = "positive" if low > 0 else "negative" if high < 0 else None
            verdict = "cannot_tell" if side is None else "holds" if side == row["expected"] else "does_not_hold"
        precondition = preconditions[row["finding"], row["task"], row["condition_id"]]
        if low is not None and row["n"] >= row["min_n"]:
            verdict = next(
                word
                for word in ("does_not_hold", "cannot_tell", "negligible", "holds")
                if word in (verdict, precondition)
            )
        assert row["verdict"] == verdict, row["sentence"]
        # Where contexts differ too much, no number of items decides.
        decided = verdict != "cannot_tell" or row["statistic_ci_low"] is None
        needed = row["n_more"] is not None or row["n_more_contexts"] is not None or "together" in row["sentence"]
        assert decided or needed, row
        if verdict != "cannot_tell":
            assert (row["n_more"], row["n_more_samples_per_item"], row["n_more_contexts"]) == (None,) * 3, row
        if row["n_more_contexts"] is not None:
            assert row["finding"].startswith("longer") and "more contexts" in row["sentence"]
    assert {row["verdict"] for row in rows} >= {"holds", "cannot_tell"}


def test_sentences_name_all_that_a_reader_needs(built: Built) -> None:
    for row in built.rows("figures.findings"):
        sentence = row["sentence"]
        assert sentence.startswith(row["verdict"].replace("_", " ").capitalize())
        assert sentence.endswith(".") and f" {row['task']}" in sentence and str(row["n"]) in sentence
        assert "unknown" not in sentence and "NULL" not in sentence and "e-" not in sentence
        assert ("(simulated)" in sentence) == row["is_simulated"]
        temperature = (" T ", "temperature: ", "temperature not reported")
        # A contrast says what was changed, not what stayed.
        is_told = row["condition_id"] is None or row["kind"] == "contrast"
        assert is_told or any(words in sentence for words in temperature), sentence


def test_p_values_are_adjusted_over_all_findings(built: Built) -> None:
    rows = [row for row in built.rows("figures.findings") if row["p_value"] is not None]
    assert len(rows) > 5 and all(row["kind"] == "finding" for row in rows)
    adjusted = stats.false_discovery_control([row["p_value"] for row in rows])
    assert np.allclose([row["p_adjusted"] for row in rows], adjusted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("finding", ["overthinking_more_incoherent", "longer_reasoning_more_incoherent"])
def test_a_pool_is_told_of_once(built: Built, finding: str) -> None:
    seen: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in built.rows("figures.findings", f"finding = '{finding}'"):
        seen[row["task"], row["condition_id"], row["model_id"], row["decomposition"], row["length_axis"]] += 1
    assert seen and set(seen.values()) == {1}


def test_contrasts_from_the_baseline_are_among_the_findings(built: Built) -> None:
    told = {row["sentence"]: row for row in built.rows("figures.findings", "kind = 'contrast'")}
    contrasts = built.rows("figures.fig_contrasts", "is_main_decomposition and is_from_baseline")
    assert len(told) == len(contrasts) > 0
    for contrast in contrasts:
        row = told[contrast["sentence"]]
        assert row["condition_id"] == contrast["other_condition_id"] and row["verdict"] == contrast["verdict"]
        assert (row["statistic"], row["n"]) == (contrast["incoherence_unbiased_difference"], contrast["n_items"])
        assert row["p_value"] is None, "they are no part of what p-values are adjusted over"
