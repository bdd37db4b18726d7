"""Correlation of reasoning lengths (paper Fig. 5b, 22): do models think longer on the same items?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import LENGTH_LABELS, Figure, Tables, main_rows, short_model
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = main_rows(tables["fig_reasoning_length_correlation"])
    one, other = (
        pl.col(name).map_elements(short_model, return_dtype=pl.String) for name in ("model_id", "other_model_id")
    )
    pair = pl.when(pl.col("compared") == "models").then(one + " – " + other).otherwise(one + ", two conditions")
    return Dots(
        title="Do models reason longer on the same items?",
        points=table.with_columns(
            row=pl.col("task") + ": " + pair + ", " + pl.col("length_axis").replace(LENGTH_LABELS),
            series=pl.col("compared").replace_strict(
                {"models": "two models, one condition", "conditions": "one model, two conditions"}
            ),
            x=pl.col("correlation"),
            low=pl.col("correlation_ci_low"),
            high=pl.col("correlation_ci_high"),
        ),
        x_label="correlation of log length over items",
        guide=0.0,
        tooltips=("n_items",),
    )


FIGURE = Figure(
    name="reasoning_length_correlation",
    title="Correlation of reasoning lengths",
    shows="For each pair of pools that differ in one thing alone, the correlation over items of the logarithm "
    "of mean length.",
    look_for="Correlations near one: how long an item takes is then a property of the item, and grouping items by "
    "one model's length is fair to another.",
    tables=("fig_reasoning_length_correlation",),
    needs="Import logs of two models or conditions on the same items, with token counts.",
    picture=_dots,
)
