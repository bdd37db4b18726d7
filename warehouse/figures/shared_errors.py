"""Errors that two models share: are they wrong alike more often than chance has it?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import PART, Figure, Tables, short_model
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    return Dots(
        title="Two models are wrong alike, beyond chance",
        points=told_pairs(tables["fig_shared_errors"]).with_columns(
            series=pl.lit("excess"),
            x=pl.col("excess_over_chance"),
            low=pl.col("excess_over_chance_ci_low"),
            high=pl.col("excess_over_chance_ci_high"),
        ),
        x_label="agreement of wrong answers beyond chance",
        guide=0,
        tooltips=("n_items", "n_items_compared", "agreement", "agreement_by_chance", "agreement_at_random"),
    )


def told_pairs(table: pl.DataFrame) -> pl.DataFrame:
    """Add `row`: both models, and the task and the condition where there are several."""
    tasks = pl.col("task").n_unique() > 1
    several = pl.col("condition_id").n_unique().over("task") > 1
    one, other = (
        pl.col(f"{side}model_id").map_elements(short_model, return_dtype=pl.String) for side in ("", "other_")
    )
    condition = pl.when(several).then(PART + pl.col("condition_label").fill_null(pl.col("condition_id")))
    simulated = pl.when(pl.col("is_simulated") | pl.col("other_is_simulated")).then(pl.lit(" (simulated)"))
    nothing = pl.lit("")
    return table.with_columns(
        row=pl.when(tasks).then(pl.col("task") + ": ").otherwise(nothing)
        + one
        + " + "
        + other
        + condition.otherwise(nothing)
        + simulated.otherwise(nothing)
    )


FIGURE = Figure(
    name="shared_errors",
    title="Shared errors across models",
    shows="For each two models, how much more often their wrong answers to an item are the same than if one of them "
    "were wrong as all the other models are.",
    look_for="Intervals right of zero: these two share beliefs that other models do not, and a vote of both repairs "
    "less. At zero, what they share are the tempting options of an item.",
    tables=("fig_shared_errors",),
    needs="Import logs of three models or more on the same multiple-choice items: incoherence import LOG.eval",
    picture=_dots,
)
