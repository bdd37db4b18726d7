"""Drift: did what answers under one model name change over time, or with the version that was served?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_drift"].filter(pl.col("change_since").is_not_null()))
    return Dots(
        title="Changes under one model name, against all that came before",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series") + ", " + pl.col("period"),
            series=pl.col("drift_measure"),
            x=pl.col("change_since"),
            low=pl.col("change_since_ci_low"),
            high=pl.col("change_since_ci_high"),
        ),
        x_label="change since (of a length: as a share of it)",
        guide=0,
        tooltips=("n_items", "n_samples_before", "n_samples_since", "value_before", "value_since", "smallest_change"),
    )


FIGURE = Figure(
    name="drift",
    title="Drift",
    shows="Accuracy, length and incoherence of each date, served model and system fingerprint of one model name, less "
    "those of all its earlier samples on the same items.",
    look_for="Intervals that leave out zero: samples before and since are not of one model. An interval around zero "
    "says no more than its width: smaller changes than smallest_change would hardly be seen.",
    tables=("fig_drift",),
    needs="Import logs of one model and condition from two days, or with two served versions, on the same items.",
    picture=_dots,
)
