"""Accuracy-matched incoherence: is a model less scattered, or only more often right?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables
from warehouse.figures.dots import Dots
from warehouse.figures.incoherence_difference import pairs_in_words


def _dots(tables: Tables) -> Dots:
    table = tables["fig_accuracy_matched"]
    words = pl.Series(pairs_in_words(table), dtype=pl.String)
    table = table.with_columns(row=pl.col("task") + ": " + words).filter(pl.col("matched_difference").is_not_null())
    as_it_is = table.with_columns(
        series=pl.lit("as they are"),
        x=pl.col("other_incoherence_unbiased") - pl.col("incoherence_unbiased"),
        low=pl.lit(None, dtype=pl.Float64),
        high=pl.lit(None, dtype=pl.Float64),
    )
    matched = table.with_columns(
        series=pl.lit("at one accuracy"),
        x=pl.col("matched_difference"),
        low=pl.col("matched_difference_ci_low"),
        high=pl.col("matched_difference_ci_high"),
    )
    return Dots(
        title="Difference in Brier incoherence, as it is and at one accuracy",
        points=pl.concat([matched, as_it_is]),
        x_label="difference in corrected incoherence, first-named minus the other",
        guide=0,
        tooltips=("n_items", "accuracy", "other_accuracy", "odds_factor"),
    )


FIGURE = Figure(
    name="accuracy_matched",
    title="Incoherence at one accuracy",
    shows="For each two pools on the same items, how much more incoherent the first-named is: as they are, and with "
    "the more accurate one brought down to the accuracy of the other by one factor of the odds of every right answer.",
    look_for="A difference that goes to zero at one accuracy: there, the more coherent pool is only more, or less, "
    "often right. What stays left or right of zero with its interval is scatter of another kind.",
    tables=("fig_accuracy_matched",),
    needs="Import logs of multiple-choice tasks of two models, or of two conditions of one, with at least five epochs "
    "per item.",
    picture=_dots,
)
