"""Format failures (paper Table 1)."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_format_failures"])
    return Dots(
        title="Answers that could not be used",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series"),
            series=pl.lit("share of samples"),
            x=pl.col("failure_rate"),
            low=pl.col("failure_rate_ci_low"),
            high=pl.col("failure_rate_ci_high"),
        ),
        x_label="share of samples without a usable answer",
        tooltips=("n_samples", "n_format_failures", "n_cut_off"),
    )


FIGURE = Figure(
    name="format_failures",
    title="Format failures",
    shows="Share of samples whose answer could not be used, per model and condition.",
    look_for="More than a few per cent: they enter as uniform probabilities and look like variance; the "
    "sensitivity figure shows how much.",
    tables=("fig_format_failures",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_dots,
)
