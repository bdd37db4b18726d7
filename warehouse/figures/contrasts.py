"""Contrasts: what changing one setting did to a model's errors, on the same items."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import PART, Figure, Tables, main_rows, short_model
from warehouse.figures.dots import Dots

VERDICTS = {
    "more_coherent": "more coherent",
    "more_scattered": "more scattered",
    "negligible": "negligible",
    "cannot_tell": "cannot tell",
}


def _dots(tables: Tables) -> Dots:
    table = main_rows(tables["fig_contrasts"]).filter("is_from_baseline")
    values = (pl.col(f"{side}setting_value").fill_null("not set") for side in ("", "other_"))
    change = pl.concat_str([pl.col("setting") + ": ", next(values), pl.lit(" → "), next(values)])
    model = pl.col("model_id").map_elements(short_model, return_dtype=pl.String)
    simulated = pl.when("is_simulated").then(pl.lit(" (simulated)")).otherwise(pl.lit(""))
    points = table.with_columns(
        row=pl.concat_str([pl.col("task_label") + ": " + model + PART, change, simulated]),
        series=pl.col("verdict").replace_strict(VERDICTS),
        x=pl.col("incoherence_unbiased_difference"),
        low=pl.col("incoherence_unbiased_difference_ci_low"),
        high=pl.col("incoherence_unbiased_difference_ci_high"),
    )
    return Dots(
        title="What changing one setting did to incoherence",
        points=points.sort("task", "setting", "model_id", "x", "condition_id", "other_condition_id", nulls_last=True),
        x_label="change of corrected incoherence",
        guide=0.0,
        tooltips=(
            *(
                "condition_label",
                "n_items",
                "incoherence_unbiased",
                "other_incoherence_unbiased",
                "accuracy_difference",
            ),
            *("error_difference", "bias_sq_unbiased_difference", "variance_unbiased_difference"),
        ),
    )


FIGURE = Figure(
    name="contrasts",
    title="Contrasts: one setting changed",
    shows="For each two conditions of one model that differ in one setting alone, how its incoherence changed on the "
    "same items, corrected for few samples; each setting from where it starts (not set, none, the smallest).",
    look_for="Intervals left of zero: errors moved from scatter to one shared mistake (more coherent), as where a "
    "hint is believed; right of it, to scatter. The table has the changes of error, bias² and variance, and all pairs.",
    tables=("fig_contrasts",),
    needs="Import logs of one model under two conditions that differ in one setting, on the same items, with several "
    "epochs per item.",
    picture=_dots,
)
