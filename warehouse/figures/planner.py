"""Planner: how many more samples until an interval is as narrow as wanted?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables, main_rows, with_series
from warehouse.figures.lines import Lines

WAYS = {"more items": "n_calls_more_items", "more samples per item": "n_calls_more_samples"}


def _lines(tables: Tables) -> Lines:
    table = with_series(main_rows(tables["fig_planner"]))
    relative = pl.when(pl.col("planned") == "variance").then(pl.lit(" variance, relative")).otherwise(pl.lit(""))
    label = pl.col("decomposition").replace(DECOMPOSITION_LABELS) + relative
    points = pl.concat(
        [
            table.with_columns(
                panel=pl.col("task") + ": " + pl.col("series") + " (" + label + ")",
                series=pl.lit(way),
                x=pl.col("wanted_width"),
                y=pl.col(calls),
                order=pl.lit(index),
            )
            for index, (way, calls) in enumerate(WAYS.items())
        ]
    )
    return Lines(
        title="Further samples for a 95 % interval of a wanted width",
        points=points.sort("panel", "order", "x", maintain_order=True),
        x_label="wanted width of the interval",
        y_label="further samples in all",
        connected=True,
        tooltips=("width", "n_items", "mean_samples_per_item", "n_more_items", "n_more_samples_per_item"),
        columns=2,
    )


FIGURE = Figure(
    name="planner",
    title="How many more samples?",
    shows="Samples still to draw, on new items or on the items there are, until the interval of incoherence (of "
    "embeddings, of the mean variance, relative to it) is as narrow as wanted, as far as the data so far can tell.",
    look_for="Where the line of more samples per item ends: beyond it, only more items make the interval narrower.",
    tables=("fig_planner",),
    needs="Import logs with several items, and at least four epochs of each.",
    picture=_lines,
)
