"""Paired differences: which of two models, or of two conditions, is more coherent on the same items?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import (
    DECOMPOSITION_LABELS,
    PART,
    Figure,
    Tables,
    main_rows,
    short_model,
)
from warehouse.figures.dots import Dots

COMPARED = {"models": "two models, one condition", "conditions": "one model, two conditions"}
PAIR = ("task", "model_id", "condition_id", "other_model_id", "other_condition_id")


def _dots(tables: Tables) -> Dots:
    table = main_rows(tables["fig_incoherence_difference"])
    decomposition = pl.col("decomposition").replace(DECOMPOSITION_LABELS)
    points = table.with_columns(
        row=pl.col("task") + " (" + decomposition + "): " + pl.Series(pairs_in_words(table), dtype=pl.String),
        series=pl.col("compared").replace_strict(COMPARED),
        x=pl.col("incoherence_unbiased_difference"),
        low=pl.col("incoherence_unbiased_difference_ci_low"),
        high=pl.col("incoherence_unbiased_difference_ci_high"),
    )
    return Dots(
        title="Incoherence of the first-named minus the other's, on the same items",
        points=points.sort("task", "x", *PAIR, nulls_last=True),
        x_label="difference in corrected incoherence",
        guide=0.0,
        tooltips=("n_items", "accuracy_difference", "error_difference", "bias_sq_difference", "variance_difference"),
    )


def pairs_in_words(table: pl.DataFrame) -> list[str]:
    """For each row, the second pool of the pair, then the first: the difference is the second's minus the first's."""
    conditions = pl.concat(table.select("task", condition_id=f"{side}condition_id") for side in ("", "other_"))
    several = set(conditions.filter(pl.col("condition_id").n_unique().over("task") > 1)["task"])
    pairs = []
    for row in table.iter_rows(named=True):
        one, other = short_model(row["model_id"]), short_model(row["other_model_id"])
        condition = row["condition_label"] or row["condition_id"]
        if row["compared"] == "models":
            words = f"{other} vs {one}" + (PART + condition if row["task"] in several else "")
        else:
            words = f"{one}{PART}{row['other_condition_label'] or row['other_condition_id']} vs {condition}"
        pairs.append(words + (" (simulated)" if row["is_simulated"] or row["other_is_simulated"] else ""))
    return pairs


FIGURE = Figure(
    name="incoherence_difference",
    title="Differences in incoherence",
    shows="For each two models in one condition, and each two conditions of one model, how much more incoherent the "
    "first-named is on the items that both answered, corrected for few samples.",
    look_for="Intervals that leave out zero: to the right of it, more of the first-named's error is scatter; to the "
    "left, less. Paired by item, a difference may be clear although the two pools' own intervals overlap.",
    tables=("fig_incoherence_difference",),
    needs="Import logs of two models, or of two conditions of one, on the same items, with several epochs per item.",
    picture=_dots,
)
