"""Length and scale together (paper Fig. 14): which has the stronger gradient?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, main_rows, measure_label, with_telling_conditions
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = main_rows(tables["fig_length_and_scale_regression"])
    condition = pl.when(pl.col("condition_label") != "").then(", " + pl.col("condition_label")).otherwise(pl.lit(""))
    sides = [
        with_telling_conditions(table).with_columns(
            row=pl.col("task_label") + ": " + pl.col("model_family") + condition,
            series=pl.lit(label),
            x=pl.col(f"slope_{side}"),
            low=pl.col(f"slope_{side}_ci_low"),
            high=pl.col(f"slope_{side}_ci_high"),
        )
        for side, label in (("length", "reasoning length"), ("scale", "number of parameters"))
    ]
    return Dots(
        title="Length and scale together",
        points=pl.concat(sides),
        x_label=f"exponent of {measure_label(table, 'incoherence')}, the other held fixed",
        guide=0.0,
        tooltips=("n_points", "r2"),
    )


FIGURE = Figure(
    name="length_and_scale_regression",
    title="Length and scale together",
    shows="Exponents of a joint log-log regression of incoherence on reasoning length and on model size.",
    look_for="Which of the two lies further from zero: length usually has the stronger gradient.",
    tables=("fig_length_and_scale_regression",),
    needs="Import logs of at least two models of one family, with token counts.",
    picture=_dots,
)
