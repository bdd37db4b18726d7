"""What the pictures of the synthetic optimizer share: which rows of its tables they show."""

from __future__ import annotations

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from warehouse.figures.base import TEACHER_COLOR, colors


def of_largest_experiment(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of one experiment, that with the largest model; the others are in the table."""
    best = table.sort("param_count", "problem_id", descending=True, nulls_last=True)["problem_id"][0]
    return table.filter(pl.col("problem_id") == best)


def main_setting(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of one experiment at its main setting: standard starts and the lowest temperature."""
    rows = of_largest_experiment(table).filter(pl.col("starts") == "standard")
    return rows.filter(pl.col("temperature") == pl.col("temperature").min())


def model_colors(table: pl.DataFrame) -> dict[str, str]:
    """A colour per model, by size; grey for the teacher."""
    ordered = table.sort("is_teacher", "param_count", "model_id", nulls_last=True)
    palette = colors(ordered.filter(~pl.col("is_teacher"))["model_id"].to_list())
    return palette | dict.fromkeys(ordered.filter("is_teacher")["model_id"], TEACHER_COLOR)


def contours(row: dict[str, float], n_levels: int = 6, n_points: int = 121) -> list[NDArray[np.float64]]:
    """Contours of f in the plane of the first two coordinates around the minimum: ellipses, each half as wide.

    Args:
        row: of fig_synthetic_trajectories; the outermost ellipse runs through its point.
        n_levels: number of ellipses.
        n_points: of each.

    Returns:
        Arrays of shape (n_points, 2).
    """
    matrix = np.array([[row["curvature_00"], row["curvature_01"]], [row["curvature_01"], row["curvature_11"]]])
    place = np.array([row["offset_0"], row["offset_1"]])
    angle = np.linspace(0, 2 * np.pi, n_points)
    # With A = L Lᵀ, the points L⁻ᵀ (cos, sin) have vᵀ A v = 1.
    unit = np.linalg.solve(np.linalg.cholesky(matrix).T, np.stack([np.cos(angle), np.sin(angle)])).T
    outermost = float(np.sqrt(place @ matrix @ place))
    return [unit * outermost / 2**level for level in range(n_levels)]


def dashed_teacher() -> object:
    """How Altair tells the teacher's line apart."""
    return alt.condition("datum.is_teacher", alt.value([3, 3]), alt.value([1, 0]))
