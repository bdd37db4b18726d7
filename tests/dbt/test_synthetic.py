"""Rollouts in the norm of their problem, against the definitions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree
from tests.dbt.random_raw import RawRows
from tests.oracles.decompositions import Array
from tests.oracles.pooling import incoherence, paired_difference_interval, ratio_interval
from tests.oracles.regression import log_log_fit
from tests.oracles.trajectory import per_start, pooled, pooled_shares

Rollout = tuple[str, float, int]
"""(model_id, temperature, step)"""


def problem(rows: RawRows) -> tuple[str, Array, Array]:
    row = rows.synthetic_problems[0]
    dimension = row["dimension"]
    return row["problem_id"], np.array(row["minimum"]), np.array(row["a_matrix"]).reshape(dimension, dimension)


def points_by_start(rows: RawRows) -> dict[Rollout, list[Array]]:
    points: dict[Rollout, dict[int, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.synthetic_rollouts:
        points[row["model_id"], row["temperature"], row["step"]][row["start_id"]].append(row["x"])
    return {key: [np.array(starts[start]) for start in sorted(starts)] for key, starts in points.items()}


@pytest.mark.parametrize("which", [0, 1], ids=["three dimensions", "two dimensions"])
def test_steps_agree_with_the_oracle(built: Built, which: int) -> None:
    rows = built.synthetic[which]
    problem_id, minimum, matrix = problem(rows)
    groups = points_by_start(rows)
    found = built.rows("figures.fig_synthetic_by_step", f"problem_id = '{problem_id}'")
    assert len(found) == 2 * len(groups)
    for row in found:
        starts = groups[row["model_id"], row["temperature"], row["step"]]
        if row["decomposition"] == "pooled":
            oracle = pooled(np.concatenate(starts), minimum, matrix)
            variances, errors = pooled_shares(starts, minimum, matrix)
        else:
            oracle = per_start(starts, minimum, matrix)
            splits = [pooled(points, minimum, matrix) for points in starts]
            variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        interval = ratio_interval(variances, errors, floor=0)
        for column in ("error", "bias_sq", "variance"):
            assert agree(row[column], getattr(oracle, column)), (row, oracle)
        assert agree(row["incoherence"], incoherence(variances, errors, floor=0))
        assert agree(row["incoherence_ci_low"], interval[0])
        assert agree(row["incoherence_ci_high"], interval[1])
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
    assert len(found) == 8
    for row in found:
        starts = groups[row["model_id"], row["temperature"], row["final_step"]]
        oracle = (
            pooled(np.concatenate(starts), minimum, matrix)
            if row["decomposition"] == "pooled"
            else per_start(starts, minimum, matrix)
        )
        assert row["final_step"] == 5
        assert agree(row["variance"], oracle.variance) and agree(row["bias_sq"], oracle.bias_sq)
        assert row["validation_loss"] == losses[row["model_id"]]
        assert row["param_count"] == int(row["model_id"].removeprefix("m-"))

    fits = built.rows("figures.fig_synthetic_by_scale_fits", f"problem_id = '{problem_id}'")
    assert len(fits) == 2 * 2 * 4
    for fit in fits:
        models = [
            row
            for row in found
            if (row["decomposition"], row["temperature"]) == (fit["decomposition"], fit["temperature"])
        ]
        oracle_fit = log_log_fit([row["param_count"] for row in models], [row[fit["measure"]] for row in models])
        for column, number in vars(oracle_fit).items():
            assert agree(fit[column], number), (fit, oracle_fit)


def test_the_rise_along_the_rollout_is_paired_by_start(built: Built) -> None:
    rows = built.synthetic[1]
    problem_id, minimum, matrix = problem(rows)
    groups = points_by_start(rows)
    found = built.rows("figures.findings", f"finding like '%steps' and problem_id = '{problem_id}'")
    assert {row["model_id"] for row in found} == {"m-1000", "m-4000", "m-9000"}
    for row in found:
        sides = []
        for step in (0, 5):
            splits = [pooled(p, minimum, matrix) for p in groups[row["model_id"], row["temperature"], step]]
            sides.append((np.array([s.variance for s in splits]), np.array([s.error for s in splits])))
        difference, low, high = paired_difference_interval(*sides)
        assert agree(row["statistic"], difference)
        assert agree(row["statistic_ci_low"], low) and agree(row["statistic_ci_high"], high)
