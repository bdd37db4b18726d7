"""Accuracy by model scale (paper Fig. 9)."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import PART, Figure, Tables, with_telling_conditions
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    table = with_telling_conditions(tables["fig_accuracy_by_model_scale"])
    condition = pl.when(pl.col("condition_label") != "").then(PART + pl.col("condition_label")).otherwise(pl.lit(""))
    kind = pl.col("model_family") + pl.coalesce(" " + pl.col("model_type"), pl.lit(""))
    return Lines(
        title="Accuracy over size",
        points=table.with_columns(
            panel=pl.col("task"),
            series=kind + condition,
            x=pl.col("param_count"),
            y=pl.col("accuracy"),
            low=pl.col("accuracy_ci_low"),
            high=pl.col("accuracy_ci_high"),
        ),
        x_label="parameters",
        y_label="accuracy",
        y_log=False,
        connected=True,
        tooltips=("model_id", "n_items", "n_samples"),
        keys=("task", "model_family", "condition_id"),  # a line is of several models
    )


FIGURE = Figure(
    name="accuracy_by_model_scale",
    title="Accuracy by model scale",
    shows="Accuracy of each family and type of model over its number of parameters.",
    look_for="Whether size buys accuracy on this task at all: incoherence over size means little where it does not.",
    tables=("fig_accuracy_by_model_scale",),
    needs="Import logs of models whose family and size are known (seed known_models).",
    picture=_lines,
)
