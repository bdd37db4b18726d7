"""Slopes of incoherence over items, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.random_study import SIZES
from tests.dbt.test_reasoning_length import AXES
from tests.oracles.answers import ItemAnswers
from tests.oracles.decompositions import Array
from tests.oracles.pooling import ZERO_ERROR, halves
from tests.oracles.slopes import Shifts, Slope, log_slope, two_sided_p

ALWAYS_WRONG = {"kl": float(-np.log(1e-12 / (1 + 4e-12))), "brier": 2.0, "coverage": 1.0, "score": 1.0}
Unit = tuple[str, str, float, float, float]
"""Model, item, error, corrected variance, x."""


def fitted(
    units: list[Unit], *, by_model: bool = True, shifts: Mapping[tuple[str, str], Shifts] | None = None
) -> Slope | None:
    """The slope of units whose error counts; a model without variance or without spread in x has no part in it."""
    strata: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit[2] > ZERO_ERROR:
            strata[unit[0] if by_model else "all"].append(unit)
    kept = [
        (stratum, *unit[1:], (shifts or {}).get((unit[0], unit[1]), {}))
        for stratum, members in strata.items()
        for unit in members
        if sum(u[3] for u in members) > ZERO_ERROR and np.ptp([u[4] for u in members]) > 1e-9
    ]
    if not kept:
        return None
    names, items, errors, variances, x, moved = zip(*kept, strict=True)
    return log_slope(np.array(errors), np.array(variances), np.array(x), names, items, moved)


def check(row: dict[str, Any], oracle: Slope | None) -> None:
    assert oracle is not None and row["interval_note"] is None, row
    assert row["n_items"] == oracle.n
    assert agree(row["slope"], oracle.slope), (row, oracle)
    assert agree(row["slope_ci_low"], oracle.low) and agree(row["slope_ci_high"], oracle.high), (row, oracle)
    assert agree(row["degrees_of_freedom"], oracle.degrees_of_freedom)
    p = two_sided_p(oracle.slope, (oracle.high - oracle.low) / 2, oracle.degrees_of_freedom)
    assert agree(row["p_value"], p)
    inside = oracle.low >= -0.1 and oracle.high <= 0.1
    sign = "holds" if oracle.low > 0 else "does_not_hold" if oracle.high < 0 else "cannot_tell"
    assert row["verdict"] == ("negligible" if inside else sign)


@pytest.mark.parametrize("axis", AXES)
def test_slopes_over_length_agree_with_the_oracle(built: Built, axis: str) -> None:
    units: dict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for row in built.rows("marts.fct_item_decomposition", "variance_unbiased is not null and error is not null"):
        if row["decomposition"] in ALWAYS_WRONG and (row[f"mean_{axis}"] or 0) > 0:
            unit = (
                row["model_id"],
                row["item_id"],
                row["error"],
                row["variance_unbiased"],
                np.log(row[f"mean_{axis}"]),
            )
            for fit in (row["model_id"], "all models"):
                units[row["task"], row["condition_id"], row["decomposition"], fit].append(unit)
    shifts: dict[tuple[str, ...], dict[tuple[str, str], dict[str, tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for row in built.rows("intermediate.int_item_contexts"):
        of_item = shifts[row["task"], row["condition_id"], row["decomposition"]][row["model_id"], row["item_id"]]
        of_item[row["context_id"]] = row["error_shift"], row["variance_shift"]
    rows = built.rows("figures.fig_incoherence_slopes", f"slope_over = 'reasoning_length' and length_axis = '{axis}'")
    assert axis == "actions" or {row["fit_scope"] for row in rows} == {"model", "all_models"}
    for row in rows:
        found = units[row["task"], row["condition_id"], row["decomposition"], row["fit_id"]]
        if row["interval_note"] is None:
            check(row, fitted(found, shifts=shifts[row["task"], row["condition_id"], row["decomposition"]]))
            assert agree(row["n_effective"], effective(found))
        else:
            assert row["slope_ci_low"] is None and row["verdict"] == "cannot_tell"
        total = sum(unit[2] for unit in found) / ALWAYS_WRONG[row["decomposition"]]
        assert total >= 5 or row["interval_note"] in ("too_few_errors", "no_fit")
    shown = [row for row in rows if row["interval_note"] is None]
    assert axis == "actions" or {row["fit_scope"] for row in shown} == {"model", "all_models"}


def effective(units: list[Unit]) -> float:
    errors: dict[str, float] = defaultdict(float)
    for _, item, error, _, _ in units:
        if error > ZERO_ERROR:
            errors[item] += error
    values = np.array(list(errors.values()))
    return float(values.sum() ** 2 / np.sum(values**2))


def held(answers: ItemAnswers, sides: list[str]) -> dict[str, tuple[float, float]]:
    """Brier error and corrected variance of each half at the item's accuracy; none where a half lacks wrong ones."""
    right = np.array([choice == answers.target for choice in answers.predicted])
    target = np.eye(answers.probs.shape[1])[answers.target]
    found = {}
    for half in ("shorter", "longer"):
        here = np.array(sides) == half
        error, center, excess = 0.0, np.zeros_like(target), 0.0
        for group, share in ((right, right.mean()), (~right, 1 - right.mean())):
            probs = answers.probs[here & group]
            if share == 0:
                continue
            stated = bool(right.any()) and bool(np.any(answers.probs[right] != target))
            if len(probs) < 2 and (group is not right or stated):
                return {}
            if len(probs) == 0:  # right letters are the target, whether or not there are any
                center = center + share * target
                continue
            error += share * float(np.mean(np.sum((target - probs) ** 2, axis=1)))
            center = center + share * probs.mean(axis=0)
            if len(probs) > 1:
                excess += share**2 * float(np.sum(np.var(probs, axis=0, ddof=1))) / len(probs)
        if right.all():
            return {}
        found[half] = (error, error - (float(np.sum((target - center) ** 2)) - excess))
    return found


def held_halves(built: Built, axis: str) -> dict[tuple[str, ...], dict[str, tuple[float, float, float]]]:
    """Per item with both halves: error, corrected variance and mean length of each."""
    result = {}
    for key, answers in built.answers.items():
        reported = answers.part([sample[AXES[axis]] is not None for sample in answers.samples])
        if not len(reported.probs):
            continue
        lengths = np.array([sample[AXES[axis]] for sample in reported.samples])
        sides = halves(lengths.tolist())
        sizes = held(reported, sides)
        if len(sizes) == 2:
            result[key] = {half: (*sizes[half], float(lengths[np.array(sides) == half].mean())) for half in sizes}
    return result


@pytest.mark.parametrize("axis", AXES)
def test_halves_at_the_accuracy_of_their_item_agree_with_the_oracle(built: Built, axis: str) -> None:
    expected = held_halves(built, axis)
    rows = built.rows(
        "intermediate.int_overthinking_accuracy_held", f"decomposition = 'brier' and length_axis = '{axis}'"
    )
    assert len(rows) == 2 * len(expected) and (rows or axis == "actions")
    for row in rows:
        found = expected[row["task"], row["model_id"], row["condition_id"], row["item_id"]][row["half"]]
        assert agree(row["error"], found[0]) and agree(row["variance_unbiased"], found[1]), (row, found)
        assert agree(row["mean_length"], found[2])


@pytest.mark.parametrize("axis", AXES)
def test_slopes_within_an_item_agree_with_the_oracle(built: Built, axis: str) -> None:
    units: dict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for (task, model_id, condition_id, item_id), sides in held_halves(built, axis).items():
        logs: Array = np.log([length for _, _, length in sides.values()])
        for (error, variance, _), x in zip(sides.values(), logs - logs.mean(), strict=True):
            for fit in (model_id, "all models"):
                units[task, condition_id, fit].append((model_id, item_id, error, variance, float(x)))
    rows = built.rows(
        "figures.fig_incoherence_slopes",
        f"slope_over = 'within_item' and decomposition = 'brier' and length_axis = '{axis}'",
    )
    assert rows or axis == "actions"
    for row in rows:
        if row["interval_note"] is None:
            check(row, fitted(units[row["task"], row["condition_id"], row["fit_id"]]))


@pytest.mark.parametrize("freedom", [3.0, 4.5, 10.0, 80.0])
def test_p_values_are_those_of_student(freedom: float) -> None:
    """The oracle of p-values shares its approximation with the SQL: here it is held against Student's t."""
    for t in (0.1, 1.0, 2.0, 4.0, 8.0):
        exact = 2 * float(stats.t.sf(t, freedom))
        p = two_sided_p(t, float(stats.t.ppf(0.975, freedom)), freedom)
        assert abs(p - exact) < 1e-4, (t, p, exact)


def test_slopes_over_size_are_descriptive(built: Built) -> None:
    rows = built.rows("figures.fig_incoherence_slopes", "slope_over = 'parameters' and task = 'study'")
    assert {row["fit_scope"] for row in rows} == {"family"}
    for row in rows:
        units = [
            (
                item["model_id"],
                item["item_id"],
                item["error"],
                item["variance_unbiased"],
                np.log(SIZES[item["model_id"]]),
            )
            for item in built.rows(
                "marts.fct_item_decomposition",
                f"task = 'study' and condition_id = '{row['condition_id']}' and variance_unbiased is not null "
                f"and decomposition = '{row['decomposition']}'",
            )
        ]
        oracle = fitted(units, by_model=False)
        assert oracle is not None and agree(row["slope"], oracle.slope)
        assert (row["interval_note"], row["slope_ci_low"], row["verdict"]) == ("sizes_are_few", None, "cannot_tell")
