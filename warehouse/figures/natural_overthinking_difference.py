"""Natural overthinking as one number per pool: incoherence of the longer halves minus that of the shorter ones."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables
from warehouse.figures.dots import Dots
from warehouse.figures.natural_overthinking import one_row_per_pool


def _dots(tables: Tables) -> Dots:
    return Dots(
        title="How much more incoherent is thinking longer than usual?",
        points=one_row_per_pool(tables["fig_natural_overthinking_difference"]).with_columns(
            series=pl.lit("longer half minus shorter half"),
            x=pl.col("difference"),
            low=pl.col("difference_ci_low"),
            high=pl.col("difference_ci_high"),
        ),
        x_label="difference of incoherence, corrected for few samples",
        guide=0.0,
        tooltips=("n_items", "incoherence_shorter", "incoherence_longer"),
    )


FIGURE = Figure(
    name="natural_overthinking_difference",
    title="Natural overthinking: the difference",
    shows="Incoherence of each item's longer samples minus that of its shorter ones, paired by item and corrected "
    "for few samples.",
    look_for="Intervals to the right of zero: there, thinking longer than usual goes with less predictable errors.",
    tables=("fig_natural_overthinking_difference",),
    needs="Import logs with several epochs per item and token counts: incoherence import LOG.eval",
    picture=_dots,
)
