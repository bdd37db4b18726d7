"""Answer changes (paper Fig. 20): how many items get different answers?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots

CHANGES = {"resampling": "resampling", "contexts": "other few-shot context", "both_together": "both"}


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_answer_changes"])
    label = pl.when(pl.col("human_difficulty") == "all").then(pl.lit("")).otherwise(", " + pl.col("human_difficulty"))
    return Dots(
        title="Items with at least one changed answer",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series") + label,
            series=pl.col("change").replace_strict(CHANGES),
            x=pl.col("share_changed"),
            low=pl.col("share_changed_ci_low"),
            high=pl.col("share_changed_ci_high"),
        ),
        x_label="share of items",
        tooltips=("n_items", "n_changed"),
    )


FIGURE = Figure(
    name="answer_changes",
    title="Answer changes",
    shows="Share of items that got more than one answer: from sampling again, from other few-shot examples, "
    "from either.",
    look_for="How large it is where accuracy looks stable: equal averages hide answers that change.",
    tables=("fig_answer_changes",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_dots,
)
