"""Variance components: does the scatter come from the few-shot context or from sampling?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_variance_components"])
    return Dots(
        title="How much of the Brier variance lies between few-shot contexts?",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series"),
            series=pl.lit("share between contexts"),
            x=pl.col("share_between"),
            low=pl.col("share_between_ci_low"),
            high=pl.col("share_between_ci_high"),
        ),
        x_label="share of the variance between contexts",
        guide=0.0,
        tooltips=("n_items", "n_contexts", "variance_within", "variance_between"),
    )


FIGURE = Figure(
    name="variance_components",
    title="Variance components",
    shows="Brier variance split into what changes with the few-shot context and what changes when the same "
    "prompt is sampled again.",
    look_for="A share near zero: showing other examples then adds no scatter, and one context does.",
    tables=("fig_variance_components",),
    needs="Sample with several few-shot contexts and several epochs in each.",
    picture=_dots,
)
