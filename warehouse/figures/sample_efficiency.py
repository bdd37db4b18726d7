"""Sample efficiency (paper Fig. 21): how many samples per item does an estimate take?"""

from __future__ import annotations

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.lines import Lines, chart_lines, draw_lines


def _lines(tables: Tables) -> Lines:
    table = with_series(tables["fig_sample_efficiency"].filter(pl.col("decomposition") == "kl"))
    name = pl.col("task") + ": " + pl.col("series")
    points = table.with_columns(
        panel=name,
        series=pl.col("estimator").replace_strict({"plug_in": "plug-in", "corrected": "corrected"}),
        x=pl.col("n_samples_per_item"),
        y=pl.col("incoherence"),
        low=pl.col("incoherence") - pl.col("incoherence_sd"),
        high=pl.col("incoherence") + pl.col("incoherence_sd"),
    )
    guides = {row["panel"]: row["incoherence_all"] for row in points.iter_rows(named=True) if row["incoherence_all"]}
    return Lines(
        title="Incoherence from few samples per item (bars: one standard deviation over disjoint blocks)",
        points=points.sort("panel", "series", maintain_order=True),
        x_label="samples per item",
        y_label="KL incoherence",
        y_log=False,
        connected=True,
        guides=guides,
        tooltips=("n_items", "n_blocks", "incoherence_sd", "incoherence_all"),
        columns=2,
    )


def draw(tables: Tables) -> MplFigure:
    """The still picture."""
    return draw_lines(_lines(tables))


def chart(tables: Tables) -> alt.TopLevelMixin:
    """The same with tooltips."""
    return chart_lines(_lines(tables))


FIGURE = Figure(
    name="sample_efficiency",
    title="Sample efficiency",
    shows="Incoherence as an experiment with few samples per item would have found it, by the definitions and "
    "corrected; dotted: the corrected answer from all samples.",
    look_for="How soon the corrected line reaches the dotted one, where the plug-in line still lies below it.",
    tables=("fig_sample_efficiency",),
    needs="Import logs with at least six epochs per item.",
    draw=draw,
    chart=chart,
)
