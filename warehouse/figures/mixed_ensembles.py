"""Mixed ensembles: does a vote of two models beat as many votes of one?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, short_model
from warehouse.figures.dots import Dots
from warehouse.figures.shared_errors import told_pairs


def _dots(tables: Tables) -> Dots:
    table = told_pairs(tables["fig_mixed_ensembles"])
    table = table.filter(pl.col("n_votes") == pl.col("n_votes").max().over("task", "condition_id"))
    sides = [
        table.with_columns(
            row=pl.col("row") + ", against " + pl.col(f"{model}model_id").map_elements(short_model, pl.String),
            series=pl.format("{} votes", "n_votes"),
            x=pl.col(f"{model}mixed_difference"),
            low=pl.col(f"{model}mixed_difference_ci_low"),
            high=pl.col(f"{model}mixed_difference_ci_high"),
        )
        for model in ("", "other_")
    ]
    return Dots(
        title="A majority of two models less one of either, with as many votes",
        points=pl.concat(sides).sort("task", "condition_id", "model_id", "other_model_id"),
        x_label="gain in items won",
        guide=0,
        tooltips=("n_items", "majority", "other_majority", "mixed_majority"),
    )


FIGURE = Figure(
    name="mixed_ensembles",
    title="Mixed ensembles",
    shows="The chance that a majority is right, with half of the votes from each of two models, against as many votes "
    "of one of them.",
    look_for="Pairs of which both rows lie right of zero: there a mixed ensemble beats more votes of either. Left of "
    "zero the better model alone does.",
    tables=("fig_mixed_ensembles",),
    needs="Import logs of two models on the same multiple-choice items, with at least four epochs per item.",
    picture=_dots,
)
