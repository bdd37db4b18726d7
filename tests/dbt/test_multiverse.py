"""Other ways to analyse the same data end in the verdicts that they should, recomputed from raw rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree
from tests.dbt.random_study import BUDGETS, SIZES
from tests.dbt.test_findings import starting_points
from tests.dbt.test_reasoning_length import AXES
from tests.dbt.test_slopes import fitted, held
from tests.dbt.test_synthetic import points_by_start, problem, units_of
from tests.oracles.answers import ItemAnswers
from tests.oracles.contrasts import Row, pooled_contrast
from tests.oracles.decompositions import Array, Split, brier, brier_unbiased, kl
from tests.oracles.pooling import halves
from tests.oracles.regression import log_log_fit
from tests.oracles.slopes import Slope

TASK = "study"
CONDITIONS = [f"budget-{budget}" for budget in BUDGETS]


@dataclass(frozen=True)
class Way:
    """How data are analysed: the metric with its δ, and what is done with answers that cannot be read."""

    decomposition: str
    delta: float
    format_failures: str

    @property
    def where(self) -> str:
        delta = f"kl_delta = {self.delta}" if self.decomposition == "kl" else "kl_delta is null"
        return f"decomposition = '{self.decomposition}' and {delta} and format_failures = '{self.format_failures}'"

    def kept(self, answers: ItemAnswers) -> list[bool]:
        return [self.format_failures == "included" or choice is not None for choice in answers.predicted]

    def plug_in(self, answers: ItemAnswers) -> Split:
        if self.decomposition == "brier":
            return brier(answers.probs, answers.target)
        return kl(answers.probs, answers.target, self.delta)


ROUGH = Way("kl", 1e-4, "left_out")
USUAL = Way("kl", 1e-12, "included")
READABLE = Way("brier", 0, "left_out")


def items_of(built: Built, condition: str) -> Iterator[tuple[str, str, ItemAnswers]]:
    """Model, item and answers of a condition of the task."""
    for (task, model_id, condition_id, item_id), answers in built.answers.items():
        if (task, condition_id) == (TASK, condition) and len(answers.probs):
            yield model_id, item_id, answers


def the_row(built: Built, finding: str, condition: str | None, where: str) -> dict[str, Any]:
    told = f"condition_id = '{condition}'" if condition else "condition_id is null"
    (row,) = built.rows("figures.fig_multiverse", f"finding = '{finding}' and {told} and {where}")
    return row


def check(row: dict[str, Any], statistic: float | None, low: float | None, high: float | None) -> None:
    assert agree(row["statistic"], statistic), (row, statistic)
    assert agree(row["statistic_ci_low"], low) and agree(row["statistic_ci_high"], high), (row, low, high)
    assert row["agrees"] == (row["verdict"] == row["finding_verdict"])


def checked(row: dict[str, Any], oracle: Slope | None) -> None:
    assert oracle is not None
    check(row, oracle.slope, oracle.low, oracle.high)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_slope_over_length(built: Built, condition: str) -> None:
    units = []
    for model_id, item_id, answers in items_of(built, condition):
        kept = answers.part(ROUGH.kept(answers))
        length = answers.mean_length("output_tokens")
        if len(kept.probs) and length:
            split = ROUGH.plug_in(kept)
            units.append((model_id, item_id, split.error, split.variance, float(np.log(length))))
    where = f"task = '{TASK}' and estimator = 'plug_in' and length_axis = 'output_tokens' and {ROUGH.where}"
    finding = "longer_reasoning_more_incoherent"
    checked(the_row(built, finding, condition, f"{where} and fitted_to = 'items'"), fitted(units))

    lengths: list[float] = []
    ratios: list[float] = []
    for model in SIZES:
        points = sorted((x, item, error, variance) for m, item, error, variance, x in units if m == model)
        cut = np.array_split(np.array([(np.exp(x), e, v) for x, _, e, v in points]), 4)
        shown = [(part[:, 0].mean(), part[:, 2].sum() / part[:, 1].sum()) for part in cut if part[:, 2].sum() > 1e-9]
        level = np.exp(np.mean(np.log(shown), axis=0))
        lengths += [length / level[0] for length, _ in shown]
        ratios += [ratio / level[1] for _, ratio in shown]
    fit = log_log_fit(list(lengths), list(ratios))
    row = the_row(built, finding, condition, f"{where} and n_buckets = 4")
    check(row, fit.slope, fit.slope_ci_low, fit.slope_ci_high)


def sides_of(answers: ItemAnswers, axis: str) -> tuple[ItemAnswers, list[str]] | None:
    """The samples whose length is known, with the half that each is in."""
    reported = answers.part([sample[AXES[axis]] is not None for sample in answers.samples])
    if not len(reported.probs):
        return None
    return reported, halves([sample[AXES[axis]] for sample in reported.samples])


def halves_as_they_are(built: Built, condition: str, way: Way, axis: str) -> list[Row]:
    rows: list[Row] = []
    for model_id, item_id, answers in items_of(built, condition):
        found = sides_of(answers, axis)
        if found is None:
            continue
        reported, sides = found
        kept = way.kept(reported)
        parts = {
            half: reported.part([side == half and keep for side, keep in zip(sides, kept, strict=True)])
            for half in ("shorter", "longer")
        }
        if all(len(part.probs) > 1 for part in parts.values()):
            for half, part in parts.items():
                split = way.plug_in(part)
                rows.append((model_id, item_id, half, split.error, split.variance))
    return rows


def halves_held(built: Built, condition: str, way: Way, axis: str) -> list[Row]:
    """Both halves at the accuracy of the item, corrected."""
    rows: list[Row] = []
    for model_id, item_id, answers in items_of(built, condition):
        found = sides_of(answers, axis)
        if found is None:
            continue
        reported, sides = found
        kept = way.kept(reported)
        part = reported.part(kept)
        if len(part.probs):
            here = [side for side, keep in zip(sides, kept, strict=True) if keep]
            parts = held(part, here) if way.decomposition == "brier" else held_by_kl(part, here, way.delta)
            if len(parts) == 2:
                rows += [(model_id, item_id, half, error, variance) for half, (error, variance) in parts.items()]
    return rows


def held_by_kl(answers: ItemAnswers, sides: list[str], delta: float) -> dict[str, tuple[float, float]]:
    """KL error and jackknifed variance of each half of letters, its groups weighted as in the whole item."""
    right = np.array([choice == answers.target for choice in answers.predicted])
    smoothed = np.log((answers.probs + delta) / (1 + answers.probs.shape[1] * delta))
    target = np.log((np.eye(answers.probs.shape[1])[answers.target] + delta) / (1 + answers.probs.shape[1] * delta))
    found = {}
    for half in ("shorter", "longer"):
        here = np.array(sides) == half
        wrong_logs, right_logs = smoothed[here & ~right], smoothed[here & right]
        if len(wrong_logs) < 2:
            return {}

        def variance(of_wrong: Array, of_right: Array = right_logs) -> float:
            of_target = of_right.mean(axis=0) if len(of_right) else target
            center = right.mean() * of_target + (1 - right.mean()) * of_wrong.mean(axis=0)
            return float(-np.log(np.sum(np.exp(center))))

        whole, n = variance(wrong_logs), len(wrong_logs)
        lost = [whole - variance(np.delete(wrong_logs, place, axis=0)) for place in range(n)]
        of_target = right_logs.mean(axis=0) if len(right_logs) else target
        error = -(right.mean() * of_target + (1 - right.mean()) * wrong_logs.mean(axis=0))[answers.target]
        found[half] = (float(error), whole + (n - 1) / n * float(np.sum(lost)))
    return found


@pytest.mark.parametrize("condition", CONDITIONS)
def test_overthinking(built: Built, condition: str) -> None:
    weights = {"shorter": -1, "longer": 1}
    finding, at = "overthinking_more_incoherent", f"task = '{TASK}' and length_axis = 'output_tokens'"
    as_they_are = halves_as_they_are(built, condition, ROUGH, "output_tokens")
    row = the_row(
        built, finding, condition, f"{at} and {ROUGH.where} and estimator = 'plug_in' and accuracy_is = 'as_it_is'"
    )
    checked(row, pooled_contrast(weights, as_they_are))
    for way in (READABLE, USUAL):
        of_way = f"{at} and {way.where} and estimator = 'corrected' and accuracy_is = 'held'"
        row = the_row(built, finding, condition, of_way)
        checked(row, pooled_contrast(weights, halves_held(built, condition, way, "output_tokens")))


def test_overthinking_against_budgets(built: Built) -> None:
    rows: list[Row] = []
    for side, condition in zip(("low", "high"), CONDITIONS, strict=True):
        for model_id, item_id, half, error, variance in halves_held(built, condition, READABLE, "output_tokens"):
            rows.append((model_id, item_id, f"{side}_{half}", error, variance))
        for model_id, item_id, answers in items_of(built, condition):
            kept = answers.part(READABLE.kept(answers))
            corrected = brier_unbiased(kept.probs, kept.target)[1] if len(kept.probs) else None
            if corrected is not None:
                rows.append((model_id, item_id, side, READABLE.plug_in(kept).error, corrected))
    weights = {"low": -1, "high": 1, "low_shorter": -0.5, "low_longer": 0.5, "high_shorter": -0.5, "high_longer": 0.5}
    of_way = f"{READABLE.where} and estimator = 'corrected' and length_axis = 'output_tokens' and accuracy_is = 'held'"
    row = the_row(built, "overthinking_beats_budgets", CONDITIONS[1], f"task = '{TASK}' and {of_way}")
    # A pair needs an axis that both conditions have; a model that hides its reasoning has no main one in common.
    hiding = {row["model_id"] for row in built.rows("intermediate.int_budget_pairs", f"task = '{TASK}'")}
    checked(row, pooled_contrast(weights, [r for r in rows if r[0] in hiding]))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_scale(built: Built, condition: str) -> None:
    way, largest = Way("kl", 1e-8, "included"), max(SIZES, key=lambda model: SIZES[model])
    splits: dict[str, dict[str, Split]] = defaultdict(dict)
    lengths = {}
    for model_id, item_id, answers in items_of(built, condition):
        splits[model_id][item_id] = way.plug_in(answers)
        if model_id == largest:
            lengths[item_id] = answers.mean_length("output_tokens")
    ordered = sorted((length, item) for item, length in lengths.items() if length is not None)
    groups = [[item for _, item in ordered[:12]], [item for _, item in ordered[12:]]]
    assert len(ordered) == 23
    ratios = []
    for model in SIZES:
        chosen = [[splits[model][item] for item in group if item in splits[model]] for group in groups]
        easy, hard = (sum(s.variance for s in group) / sum(s.error for s in group) for group in chosen)
        ratios.append(hard / easy)
    fit = log_log_fit(list(SIZES.values()), list(ratios))
    of_way = f"{way.where} and estimator = 'plug_in' and length_axis = 'output_tokens' and n_buckets = 2"
    row = the_row(built, "scale_helps_easy_not_hard", condition, f"task = '{TASK}' and {of_way}")
    check(row, fit.slope, fit.slope_ci_low, fit.slope_ci_high)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_optimizer(built: Built, temperature: float) -> None:
    weights = {"learned_first": -1, "learned_final": 1, "exact_first": 1, "exact_final": -1}
    for rows in built.synthetic:
        name, minimum, matrix = problem(rows)
        where = f"problem_id = '{name}' and temperature = {temperature}"
        of_way = f"{where} and decomposition = 'pooled' and estimator = 'corrected'"
        row = the_row(built, "synthetic_incoherence_rises_with_steps", None, of_way)
        checked(row, pooled_contrast(weights, starting_points(rows, temperature, "pooled")))
        if temperature == 0:
            sizes, ratios = [], []
            for (model, starts, at, step), points in points_by_start(rows).items():
                if model != "teacher" and (starts, at, step) == ("standard", temperature, 5):
                    units = units_of(points, minimum, matrix, "per_start")
                    variance = sum(unit.variance or 0 for unit in units)
                    sizes.append(float(model.removeprefix("m-")))
                    ratios.append((sum(unit.error for unit in units) - variance) / variance)
            fit = log_log_fit(list(sizes), list(ratios))
            of_way = f"{where} and decomposition = 'per_start' and estimator = 'corrected'"
            row = the_row(built, "synthetic_bias_falls_faster_than_variance", None, of_way)
            check(row, fit.slope, fit.slope_ci_low, fit.slope_ci_high)


def test_each_finding_is_held_against_other_ways(built: Built) -> None:
    rows = built.rows("figures.findings", "kind = 'finding' and statistic is not null")
    counts: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        assert 0 <= row["n_same_verdict"] <= row["n_analyses"] and row["n_analyses"] > 0, row
        assert f"of {row['n_analyses']} ways to analyse it" in row["sentence"]
        counts[row["finding"]].add(row["n_analyses"])
    assert max(counts["overthinking_more_incoherent"]) >= 64 and max(counts["scale_helps_easy_not_hard"]) >= 64
    told = {(row["finding"], row["task"], row["condition_id"]): row for row in rows}
    for row in built.rows("figures.fig_multiverse", f"task = '{TASK}' and finding <> 'how_items_fail'"):
        assert row["finding_verdict"] == told[row["finding"], row["task"], row["condition_id"]]["verdict"]


def test_the_way_that_a_finding_is_told_by_is_among_the_ways(built: Built) -> None:
    """With its interval, what shared contexts add, and the reasons to have none: the two never contradict."""
    told_by = {
        "longer_reasoning_more_incoherent": "fitted_to = 'items'",
        "overthinking_more_incoherent": "accuracy_is = 'held'",
        "overthinking_beats_budgets": "accuracy_is = 'held'",
        "synthetic_incoherence_rises_with_steps": "true",
    }
    notes = set()
    for row in built.rows("intermediate.int_findings", "statistic is not null"):
        if row["finding"] in told_by:
            where = (
                f"finding = '{row['finding']}' and task = '{row['task']}' and fit_id = '{row['fit_id']}' "
                f"and condition_id is not distinct from {literal(row['condition_id'])} "
                f"and temperature is not distinct from {literal(row['temperature'])} "
                f"and length_axis is not distinct from {literal(row['length_axis'])} "
                f"and decomposition = '{row['decomposition']}' and estimator = 'corrected' "
                f"and coalesce(format_failures, 'included') = 'included' and coalesce(kl_delta, 1e-12) = 1e-12"
            )
            (way,) = built.rows("figures.fig_multiverse", f"{where} and {told_by[row['finding']]}")
            for name in ("statistic", "statistic_ci_low", "statistic_ci_high"):
                assert agree(way[name], row[name]), (name, way, row)
            assert way["verdict"] == row["verdict"] and way["agrees"]
            notes.add((row["interval_note"], bool(row["n_contexts"])))
    assert notes >= {(None, False), (None, True), ("too_few_errors", False)}, notes


def literal(value: str | float | None) -> str:
    return "null" if value is None else f"'{value}'"
