"""Incoherence by model scale (paper Fig. 4a, 5): on which items do larger models fail more coherently?"""

from __future__ import annotations

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables, with_telling_conditions
from warehouse.figures.lines import Lines, chart_lines, draw_lines


def _lines(tables: Tables) -> Lines:
    keep = (pl.col("decomposition") == "kl") & (pl.col("grouped_by") == "reference_length")
    condition = pl.when(pl.col("condition_label") != "").then(", " + pl.col("condition_label")).otherwise(pl.lit(""))
    panel = pl.col("task") + ": " + pl.col("model_family") + condition
    series = (
        pl.when(pl.col("group_rank") == 1).then(pl.lit("group 1, shortest")).otherwise("group " + pl.col("item_group"))
    )
    points = with_telling_conditions(tables["fig_incoherence_by_model_scale"].filter(keep))
    fits = with_telling_conditions(
        tables["fig_incoherence_by_model_scale_fits"].filter(keep & (pl.col("measure") == "incoherence"))
    )
    return Lines(
        title="Larger models: more coherent on easy items, less so on hard ones?",
        points=points.with_columns(
            panel=panel,
            series=series,
            x=pl.col("param_count"),
            y=pl.col("incoherence"),
            low=pl.col("incoherence_ci_low"),
            high=pl.col("incoherence_ci_high"),
        ),
        fits=fits.with_columns(panel=panel, series=series),
        x_label="parameters",
        y_label="KL incoherence",
        tooltips=("n_items", "accuracy", "error", "bias_sq", "variance", "reference_length"),
    )


def draw(tables: Tables) -> MplFigure:
    """The still picture."""
    return draw_lines(_lines(tables))


def chart(tables: Tables) -> alt.TopLevelMixin:
    """The same with tooltips."""
    return chart_lines(_lines(tables))


FIGURE = Figure(
    name="incoherence_by_model_scale",
    title="Incoherence by model scale",
    shows="Items are grouped by how long the largest model of a family reasons on them; each line is one group "
    "over the sizes of the family.",
    look_for="Lines of short items that fall with size while those of long items stay or rise: scale then makes "
    "easy errors more of a kind, and hard ones not.",
    tables=(
        "fig_incoherence_by_model_scale",
        "fig_incoherence_by_model_scale_fits",
    ),
    needs="Import logs of at least two models of one family (seed known_models) under the same condition.",
    draw=draw,
    chart=chart,
)
