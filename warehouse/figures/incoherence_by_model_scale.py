"""Incoherence by model scale (paper Fig. 4a, 5): on which items do larger models fail more coherently?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, main_rows, with_telling_conditions
from warehouse.figures.lines import Lines

MEASURES = {"incoherence_unbiased": "incoherence", "bias_sq": "bias²", "variance": "variance"}


def _lines(tables: Tables) -> Lines:
    condition = pl.when(pl.col("condition_label") != "").then(", " + pl.col("condition_label")).otherwise(pl.lit(""))
    panel = pl.col("task_label") + ": " + pl.col("model_family") + condition + ": "
    series = (
        pl.when(pl.col("group_rank") == 1).then(pl.lit("group 1, shortest")).otherwise("group " + pl.col("item_group"))
    )
    points, fits = (
        with_telling_conditions(main_rows(table.filter(pl.col("grouped_by") == "reference_length")))
        for table in (tables["fig_incoherence_by_model_scale"], tables["fig_incoherence_by_model_scale_fits"])
    )
    return Lines(
        title="Larger models: more coherent on easy items, less so on hard ones?",
        points=pl.concat(
            points.with_columns(
                panel=panel + pl.lit(label),
                series=series,
                x=pl.col("param_count"),
                y=pl.col(measure),
                low=pl.col(f"{measure}_ci_low"),
                high=pl.col(f"{measure}_ci_high"),
            )
            for measure, label in MEASURES.items()
        ).sort("task", "model_family", "condition_id", maintain_order=True),
        fits=fits.with_columns(panel=panel + pl.col("measure").replace(MEASURES), series=series),
        x_label="parameters",
        y_label="estimate",
        columns=len(MEASURES),
        tooltips=("n_items", "accuracy", "error", "bias_sq", "variance", "reference_length"),
        keys=("task", "model_family", "condition_id"),  # a line is of several models
    )


FIGURE = Figure(
    name="incoherence_by_model_scale",
    title="Incoherence by model scale",
    shows="Items are grouped by how long the largest model of a family reasons on them; each line is one group "
    "over the sizes of the family: its incoherence, and the bias² and variance that it is made of.",
    look_for="Lines of short items that fall with size while those of long items stay or rise: scale then makes "
    "easy errors more of a kind, and hard ones not. Bias² that falls faster than variance does the same.",
    tables=(
        "fig_incoherence_by_model_scale",
        "fig_incoherence_by_model_scale_fits",
    ),
    needs="Import logs of at least two models of one family (seed known_models) under the same condition.",
    picture=_lines,
)
