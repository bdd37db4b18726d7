"""Embedding variance (paper Fig. 2c, 24): do open-ended answers scatter more where they are longer?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    points, fits = with_series(tables["fig_embedding_variance"]), with_series(tables["fig_embedding_variance_fits"])
    subset = pl.when(pl.col("subset") != "").then(" " + pl.col("subset")).otherwise(pl.lit(""))
    panel = pl.col("task") + subset + ", " + pl.col("embedding_model")
    return Lines(
        title="Scatter of open-ended answers",
        points=points.with_columns(panel=panel, x=pl.col("mean_length"), y=pl.col("variance_unbiased")),
        fits=fits.with_columns(panel=panel),
        x_label="mean length of the item's answers",
        y_label="embedding variance, corrected",
        tooltips=("item_id", "n_samples"),
    )


FIGURE = Figure(
    name="embedding_variance",
    title="Embedding variance",
    shows="Each point is an open-ended item: how far its answers lie apart in embedding space, over their mean length.",
    look_for="A positive slope: longer answers scatter more.",
    tables=(
        "fig_embedding_variance",
        "fig_embedding_variance_fits",
    ),
    needs="Embed the completions of an open-ended task.",
    picture=_lines,
)
