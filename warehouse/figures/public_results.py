"""This warehouse's pools among published repeated runs."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, PART, Figure, Tables, short_model
from warehouse.figures.dots import Dots

OWN = "this warehouse"


def _dots(tables: Tables) -> Dots:
    # Without a pool of one's own there is nothing to stand among them.
    table = tables["fig_public_results"].filter(
        "is_shown", pl.col("incoherence_unbiased").is_not_null(), (pl.col("source") == OWN).any()
    )
    model = pl.col("model_id").map_elements(short_model, return_dtype=pl.String)
    is_one_of_several = pl.col("condition_label").n_unique().over("source", "task") > 1
    condition = pl.when(is_one_of_several).then(PART + pl.col("condition_label")).otherwise(pl.lit(""))
    simulated = pl.when("is_simulated").then(pl.lit(" (simulated)")).otherwise(pl.lit(""))
    metric = pl.lit(" (") + pl.col("decomposition").replace(DECOMPOSITION_LABELS) + pl.lit(")")
    points = table.with_columns(
        row=pl.col("task") + metric + ": " + model + condition + simulated,
        series=pl.when(pl.col("source") == OWN).then(pl.lit(OWN)).otherwise(pl.lit("published runs")),
        x=pl.col("incoherence_unbiased"),
        low=pl.col("incoherence_unbiased_ci_low"),
        high=pl.col("incoherence_unbiased_ci_high"),
    )
    return Dots(
        title="Among published repeated runs",
        points=points.sort(["x", "row"], descending=[True, False]),
        x_label="incoherence, corrected for few samples",
        guide=0.5,
        tooltips=("n_items", "accuracy", "error"),
    )


FIGURE = Figure(
    name="public_results",
    title="Among published runs",
    shows="Incoherence of this warehouse's pools beside those that this product computes from published repeated runs "
    "of other models (incoherence public list).",
    look_for="Whether a model's errors are more scattered than those known elsewhere; an incoherence belongs to its "
    "task, so that only rows of one task rank models.",
    tables=("fig_public_results",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_dots,
)
