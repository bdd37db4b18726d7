"""What the pictures of the synthetic optimizer share: which rows of its tables they show."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from warehouse.figures.base import TEACHER_COLOR, colors

OWN, RECORDED = "this warehouse", "recorded run"
"""Values of `source`."""


def of_largest_experiment(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of one experiment, that with the largest model, of each source; the others are in the table."""
    ordered = table.sort("param_count", "problem_id", descending=True, nulls_last=True)
    if "source" not in table.columns:
        return table.filter(pl.col("problem_id") == ordered["problem_id"][0])
    best = ordered.unique("source", keep="first", maintain_order=True).select("source", "problem_id")
    return table.join(best, on=["source", "problem_id"], how="semi", maintain_order="left")


def main_setting(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of one experiment of each source at its main setting: standard starts and the lowest temperature."""
    rows = of_largest_experiment(table).filter(pl.col("starts") == "standard")
    over = ["source"] if "source" in table.columns else ["problem_id"]
    return rows.filter(pl.col("temperature") == pl.col("temperature").min().over(over))


def with_sizes(table: pl.DataFrame) -> pl.DataFrame:
    """Add `size`: the model's name without its seed, which all models of a size share."""
    seed = pl.format("-s{}", pl.col("seed").cast(pl.String))
    without = pl.struct(name="model_id", suffix=seed).map_elements(
        lambda both: both["name"].removesuffix(both["suffix"] or ""), return_dtype=pl.String
    )
    return table.with_columns(size=without)


def over_seeds(table: pl.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> pl.DataFrame:
    """One row per keys and size: the median over seeds of each measure, and its `_low` and `_high`.

    These are the smallest and largest over seeds, and where there is one seed the ends of its 95 % interval.
    """
    ends: list[pl.Expr] = []
    for name in measures:
        value = pl.col(name).cast(pl.Float64)
        for end, extreme in (("low", value.min()), ("high", value.max())):
            of_one = pl.col(f"{name}_ci_{end}").cast(pl.Float64).first()
            ends.append(pl.when(pl.len() > 1).then(extreme).otherwise(of_one).alias(f"{name}_{end}"))
    medians = [pl.col(name).cast(pl.Float64).median() for name in measures]
    first = [pl.col("param_count").first(), pl.len().alias("n_seeds")]
    return with_sizes(table).group_by([*keys, "size"], maintain_order=True).agg(*medians, *ends, *first)


def source_label(source: str, profile: str) -> str:
    """How a picture says where rows come from."""
    return profile if source == OWN else f"recorded run of profile {profile}, not of this warehouse"


def size_colors(table: pl.DataFrame) -> dict[str, str]:
    """A colour per size; grey for the teacher."""
    ordered = table.sort("is_teacher", "param_count", "size", nulls_last=True)
    palette = colors(ordered.filter(~pl.col("is_teacher"))["size"].to_list())
    return palette | dict.fromkeys(ordered.filter("is_teacher")["size"], TEACHER_COLOR)


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
