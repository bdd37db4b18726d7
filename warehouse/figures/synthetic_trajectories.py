"""Synthetic trajectories (paper Fig. 6 left, 26): what a rollout looks like."""

from __future__ import annotations

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables
from warehouse.figures.lines import Lines, chart_lines, draw_lines


def _lines(tables: Tables) -> Lines:
    table = tables["fig_synthetic_trajectories"].sort("is_teacher", "param_count", "model_id", "step", nulls_last=True)
    every = max(1, -(-table["step"].n_unique() // 80))
    thinned = table.filter((pl.col("step") % every == 0) | (pl.col("step") == pl.col("step").max()))
    return Lines(
        title="The objective along the rollout",
        points=thinned.with_columns(
            panel="starting point " + pl.col("start_id").cast(pl.String),
            series=pl.col("model_id")
            + pl.when(pl.col("temperature") > 0)
            .then(", temperature " + pl.col("temperature").cast(pl.String))
            .otherwise(pl.lit("")),
            x=pl.col("step"),
            y=pl.col("objective"),
        ).sort("start_id", maintain_order=True),
        x_label="step",
        y_label="f(x)",
        x_log=False,
        connected=True,
        columns=3,
    )


def draw(tables: Tables) -> MplFigure:
    """The still picture."""
    return draw_lines(_lines(tables))


def chart(tables: Tables) -> alt.TopLevelMixin:
    """The same with tooltips."""
    return chart_lines(_lines(tables))


FIGURE = Figure(
    name="synthetic_trajectories",
    title="Synthetic optimizer: trajectories",
    shows="The objective along the rollout from a few starting points, for each model and for steepest descent itself.",
    look_for="Where a model leaves the teacher's path, and whether it settles above the minimum or wanders.",
    tables=("fig_synthetic_trajectories",),
    needs="Train the optimizers: incoherence run",
    draw=draw,
    chart=chart,
)
