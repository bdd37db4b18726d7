"""Bias² against variance (paper Fig. 13): the same groups of items as points in the plane."""

from __future__ import annotations

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.lines import Lines, chart_lines, draw_lines


def _lines(tables: Tables) -> Lines:
    keep = (pl.col("decomposition") == "kl") & (pl.col("grouped_by") == "own_length")
    table = with_series(tables["fig_bias_vs_variance"].filter(keep))
    diagonal = pl.DataFrame(
        {"panel": table["task"].unique(), "series": "incoherence ½", "slope": 1.0, "intercept": 0.0}
    )
    points = table.with_columns(panel=pl.col("task"), x=pl.col("bias_sq"), y=pl.col("variance"))
    ends = points.group_by("task", maintain_order=True).agg(
        x_low=pl.min_horizontal("x", "y").filter(pl.min_horizontal("x", "y") > 1e-3).min(),
        x_high=pl.max_horizontal("x", "y").max(),
    )
    line = pl.concat(
        [
            ends.select(
                panel="task",
                series=pl.lit("incoherence ½"),
                x=end,
                y=end,
                n_items=pl.lit(None, dtype=pl.Int64),
                mean_length=pl.lit(None, dtype=pl.Float64),
                incoherence=pl.lit(0.5),
            )
            for end in ("x_low", "x_high")
        ]
    )
    columns = ["panel", "series", "x", "y", "n_items", "mean_length", "incoherence"]
    return Lines(
        title="Bias² against variance",
        points=pl.concat(
            [points.filter(pl.col("x") > 1e-3).select(columns), line.select(columns)], how="vertical_relaxed"
        ),
        fits=diagonal,
        shows_slopes=False,
        x_label="KL bias²",
        y_label="KL variance",
        tooltips=("n_items", "mean_length", "incoherence"),
    )


def draw(tables: Tables) -> MplFigure:
    """The still picture."""
    return draw_lines(_lines(tables))


def chart(tables: Tables) -> alt.TopLevelMixin:
    """The same with tooltips."""
    return chart_lines(_lines(tables))


FIGURE = Figure(
    name="bias_vs_variance",
    title="Bias² against variance",
    shows="Each point is a group of items of similar reasoning length; above the dashed line more than half of "
    "the error is variance.",
    look_for="Which way points move as items get longer: up (more variance) or right (more bias).",
    tables=("fig_bias_vs_variance",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    draw=draw,
    chart=chart,
)
