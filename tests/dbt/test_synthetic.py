"""Rollouts in the norm of their problem, against the definitions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.dbt.random_raw import RawRows
from tests.oracles.corrected import Unit, contrast, estimate
from tests.oracles.decompositions import Array
from tests.oracles.pooling import incoherence, mean_interval
from tests.oracles.regression import log_log_fit
from tests.oracles.trajectory import (
    norm_sq,
    per_start,
    per_start_variance_unbiased,
    pooled,
    pooled_shares,
    squared_error_of_the_mean,
)

Rollout = tuple[str, str, float, int]
"""(model_id, starts, temperature, step)"""


def problem(rows: RawRows) -> tuple[str, Array, Array]:
    row = rows.synthetic_problems[0]
    dimension = row["dimension"]
    return row["problem_id"], np.array(row["minimum"]), np.array(row["a_matrix"]).reshape(dimension, dimension)


def points_by_start(rows: RawRows) -> dict[Rollout, list[Array]]:
    points: dict[Rollout, dict[int, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.synthetic_rollouts:
        points[row["model_id"], row["starts"], row["temperature"], row["step"]][row["start_id"]].append(row["x"])
    return {key: [np.array(starts[start]) for start in sorted(starts)] for key, starts in points.items()}


def units_of(starts: list[Array], minimum: Array, matrix: Array, decomposition: str) -> list[Unit]:
    """Starting points with their error and corrected variance."""
    if decomposition == "per_start":
        return [
            Unit(pooled(points, minimum, matrix).error, per_start_variance_unbiased([points], matrix))
            for points in starts
        ]
    mean_size = float(np.mean([len(points) for points in starts]))
    center = np.concatenate(starts).mean(axis=0)
    variances, errors = pooled_shares(starts, minimum, matrix)
    missing = [norm_sq((points - center).sum(axis=0) / mean_size, matrix) / (len(starts) - 1) for points in starts]
    return [
        Unit(error / mean_size, variance / mean_size + excess)
        for error, variance, excess in zip(errors, variances, missing, strict=True)
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["three dimensions", "two dimensions"])
def test_steps_agree_with_the_oracle(built: Built, which: int) -> None:
    rows = built.synthetic[which]
    problem_id, minimum, matrix = problem(rows)
    groups = points_by_start(rows)
    found = built.rows("figures.fig_synthetic_by_step", f"problem_id = '{problem_id}'")
    assert len(found) == 2 * len(groups)
    for row in found:
        starts = groups[row["model_id"], row["starts"], row["temperature"], row["step"]]
        if row["decomposition"] == "pooled":
            oracle = pooled(np.concatenate(starts), minimum, matrix)
            variances, errors = pooled_shares(starts, minimum, matrix)
            mean_size = np.mean([len(points) for points in starts])
            shares = errors / mean_size, (errors - variances) / mean_size, variances / mean_size
            unbiased = oracle.variance + squared_error_of_the_mean(starts, matrix)
        else:
            oracle = per_start(starts, minimum, matrix)
            splits = [pooled(points, minimum, matrix) for points in starts]
            variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
            shares = errors, np.array([s.bias_sq for s in splits]), variances
            unbiased = per_start_variance_unbiased(starts, matrix)
        units = units_of(starts, minimum, matrix, row["decomposition"])
        for column, values in zip(("error", "bias_sq", "variance"), shares, strict=True):
            assert agree(row[column], getattr(oracle, column)), (row, oracle)
            low, high = mean_interval(values)
            assert agree(row[f"{column}_ci_low"], low) and agree(row[f"{column}_ci_high"], high), (row, column)
        assert agree(row["variance_unbiased"], unbiased)
        assert agree(row["bias_sq_unbiased"], oracle.error - unbiased)
        assert agree(row["incoherence_unbiased"], unbiased / oracle.error)
        assert agree(row["incoherence"], incoherence(variances, errors, floor=0))
        agree_on_incoherence(row, estimate(units, floor=0))
        assert (row["n_starts"], row["n_points"]) == (len(starts), sum(len(points) for points in starts))
        assert row["is_teacher"] == (row["model_id"] == "teacher")


def test_scale_takes_the_last_step_and_the_last_validation_loss(built: Built) -> None:
    rows = built.synthetic[0]
    problem_id, minimum, matrix = problem(rows)
    groups = points_by_start(rows)
    losses = {
        row["model_id"]: row["loss"]
        for row in rows.synthetic_training
        if row["split"] == "validation" and row["step"] == 20
    }
    found = built.rows("figures.fig_synthetic_by_scale", f"problem_id = '{problem_id}'")
    assert len(found) == 12
    for row in found:
        starts = groups[row["model_id"], row["starts"], row["temperature"], row["final_step"]]
        oracle = (
            pooled(np.concatenate(starts), minimum, matrix)
            if row["decomposition"] == "pooled"
            else per_start(starts, minimum, matrix)
        )
        assert row["final_step"] == 5
        assert agree(row["variance"], oracle.variance) and agree(row["bias_sq"], oracle.bias_sq)
        assert row["validation_loss"] == losses[row["model_id"]]
        assert row["param_count"] == int(row["model_id"].removeprefix("m-"))
        seeds = {"m-1000": 1, "m-4000": None, "m-9000": 1, "m-09000": 2}
        assert (row["source"], row["seed"]) == ("this warehouse", seeds[row["model_id"]])

    fits = built.rows("figures.fig_synthetic_by_scale_fits", f"problem_id = '{problem_id}'")
    assert len(fits) == 2 * 3 * 6
    measured = {"bias_sq_over_variance": lambda row: row["bias_sq"] / row["variance"] if row["variance"] else None}
    for fit in fits:
        models = [
            row for row in found if all(row[key] == fit[key] for key in ("decomposition", "starts", "temperature"))
        ]
        assert fit["n_sizes"] == len({row["param_count"] for row in models})
        of_model = measured.get(fit["measure"], lambda row, name=fit["measure"]: row[name])
        oracle_fit = log_log_fit([row["param_count"] for row in models], [of_model(row) for row in models])
        for column, number in vars(oracle_fit).items():
            assert agree(fit[column], number), (fit, oracle_fit)


@pytest.mark.parametrize("which", [0, 1], ids=["three dimensions", "two dimensions"])
def test_settings_are_compared_by_their_rise_along_the_rollout(built: Built, which: int) -> None:
    rows = built.synthetic[which]
    problem_id, minimum, matrix = problem(rows)
    groups = points_by_start(rows)
    found = built.rows("figures.fig_synthetic_settings", f"problem_id = '{problem_id}' and decomposition = 'per_start'")
    settings = {(row["model_id"], row["starts"], row["temperature"]) for row in found}
    assert len(found) == len(settings) == 7
    for row in found:
        sides, exact = [], []
        for step in (0, 5):
            starts = groups[row["model_id"], row["starts"], row["temperature"], step]
            sides.append(units_of(starts, minimum, matrix, "per_start"))
            exact.append(units_of(groups["teacher", "standard", 0.0, step], minimum, matrix, "per_start"))
        difference, low, high = contrast([(-1, sides[0]), (1, sides[1])], floor=0)
        assert agree(row["difference"], difference)
        assert agree(row["difference_ci_low"], low) and agree(row["difference_ci_high"], high)
        assert agree(row["incoherence_final"], estimate(sides[1], floor=0).ratio)
        if row["is_teacher"] or row["starts"] != "standard":  # nothing exact starts where the others do
            assert row["over_exact"] is None
        else:
            signed = ((-1, sides[0]), (1, sides[1]), (1, exact[0]), (-1, exact[1]))
            ratios = [sign * estimate(units, floor=0).ratio for sign, units in signed]  # type: ignore[operator]
            assert agree(row["over_exact"], sum(ratios))
            assert row["over_exact_ci_low"] < row["over_exact"] < row["over_exact_ci_high"]
        assert (row["start_scale"], row["jitter"]) == (2.0 if row["starts"] == "far" else 1.0, 0.1)


@pytest.mark.parametrize("which", [0, 1], ids=["three dimensions", "two dimensions"])
def test_trajectories_lie_on_their_contours(built: Built, which: int) -> None:
    rows = built.synthetic[which]
    problem_id, minimum, matrix = problem(rows)
    found = built.rows("figures.fig_synthetic_trajectories", f"problem_id = '{problem_id}'")
    points = {
        tuple(row[key] for key in ("model_id", "starts", "temperature", "start_id", "step")): np.array(row["x"])
        for row in rows.synthetic_rollouts
        if row["replicate"] == 0
    }
    assert len(found) == 7 * 3 * 6
    for row in found:
        x = points[tuple(row[key] for key in ("model_id", "starts", "temperature", "start_id", "step"))] - minimum
        assert agree(row["offset_0"], x[0]) and agree(row["offset_1"], x[1])
        assert agree(row["objective"], x @ matrix @ x / 2)
        assert agree(row["curvature_00"], matrix[0, 0]) and agree(row["curvature_11"], matrix[1, 1])
        assert agree(row["curvature_01"], matrix[0, 1])


def test_a_recorded_run_stands_beside_and_is_no_part_of_ones_own(built: Built) -> None:
    (run,) = built.rows("seeds.recorded_optimizer_runs")
    assert run["profile"] == "laptop" and all(run[name] for name in ("device", "torch", "git_commit", "started_at"))
    seeds = [int(seed) for seed in run["seeds"].split()]
    of_run = f"source = 'recorded run' and problem_id = '{run['problem_id']}'"
    models = built.rows("figures.fig_synthetic_by_scale", f"{of_run} and decomposition = 'per_start'")
    sizes = {row["param_count"] for row in models}
    assert len(sizes) >= 5 and {row["seed"] for row in models} == set(seeds) and len(seeds) > 1
    standard = [row for row in models if row["starts"] == "standard" and row["temperature"] == 0]
    assert len(standard) == len(sizes) * len(seeds)
    for measure in ("validation_loss", "bias_sq", "bias_sq_over_variance"):
        (fit,) = built.rows(
            "figures.fig_synthetic_by_scale_fits",
            f"{of_run} and decomposition = 'per_start' and starts = 'standard' and temperature = 0 "
            f"and measure = '{measure}'",
        )
        ratio = measure == "bias_sq_over_variance"
        y = [row["bias_sq"] / row["variance"] if ratio else row[measure] for row in standard]
        assert agree(fit["slope"], log_log_fit([row["param_count"] for row in standard], y).slope)
        assert (fit["n_points"], fit["n_sizes"]) == (len(standard), len(sizes))
    for table in ("fig_synthetic_by_step", "fig_synthetic_settings"):
        assert built.rows(f"figures.{table}", of_run)
    assert not built.rows("figures.findings", f"problem_id = '{run['problem_id']}'")
    own = built.rows("intermediate.int_synthetic_by_scale")
    assert not {row["problem_id"] for row in own} & {run["problem_id"]}
