"""Failure modes: what errors are made of, item by item."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots

MODES = {
    "slip": "slip: mostly right",
    "shared_belief": "one shared wrong belief",
    "flip_flop": "flip-flop between two answers",
    "scatter": "scatter",
    "wrong_answer": "wrong (graded)",
    "format_failure": "format failure",
    "cut_off": "cut off before the answer",
    "refused": "refused",
}
"""Every way of failing in words; items without an error are the rest."""


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_failure_modes"]).sort("failure_mode_rank", maintain_order=True)
    # A way in which nothing fails anywhere is no line of the legend.
    shown = table.filter(pl.col("failure_mode").is_in(MODES), pl.col("n_items_of_mode").sum().over("failure_mode") > 0)
    return Dots(
        title="How items fail",
        points=shown.with_columns(
            row=pl.col("task") + ": " + pl.col("series"),
            series=pl.col("failure_mode").replace_strict(MODES, return_dtype=pl.String),
            x=pl.col("share_of_items"),
            low=pl.col("share_of_items_ci_low"),
            high=pl.col("share_of_items_ci_high"),
            least_by_other_thresholds=pl.col("share_of_items_least").round(4),
            most_by_other_thresholds=pl.col("share_of_items_most").round(4),
        ),
        x_label="share of items",
        tooltips=(
            "n_items",
            "n_items_of_mode",
            "n_items_unclassified",
            "least_by_other_thresholds",
            "most_by_other_thresholds",
        ),
    )


FIGURE = Figure(
    name="failure_modes",
    title="Failure modes",
    shows="Share of items that fail in each way, by what most of an item's failures are; items without an error are "
    "the rest.",
    look_for="Whether a change of prompt, budget or model moves items from scatter, which votes repair, to one shared "
    "wrong belief, which they do not.",
    tables=("fig_failure_modes",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_dots,
)
