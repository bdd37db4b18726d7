"""Synthetic optimizer by setting: what choices that the paper leaves open do to its incoherence."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables
from warehouse.figures.lines import Lines
from warehouse.figures.synthetic import of_largest_experiment

MAIN = "fig_synthetic_settings"


def _lines(tables: Tables) -> Lines:
    table = of_largest_experiment(tables[MAIN]).filter(~pl.col("is_teacher"))
    setting = pl.format(
        "{}: scale {}, jitter {}, temperature {}",
        *(pl.col(name).cast(pl.String) for name in ("starts", "start_scale", "jitter", "temperature")),
    )
    is_standard = pl.col("starts") == "standard"
    return Lines(
        title="The rise of incoherence along the rollout, by setting",
        points=table.with_columns(
            panel=pl.col("decomposition").replace_strict(DECOMPOSITION_LABELS),
            series=setting,
            x=pl.col("param_count"),
            y=pl.col("difference"),
            low=pl.col("difference_ci_low"),
            high=pl.col("difference_ci_high"),
        ).sort("decomposition", ~is_standard, "series", "param_count"),
        x_label="parameters",
        y_label="rise of incoherence",
        y_log=False,
        connected=True,
        tooltips=("n_starts", "incoherence_first", "incoherence_final"),
    )


FIGURE = Figure(
    name="synthetic_settings",
    title="Synthetic optimizer: choices of the setting",
    shows="How much incoherence rises from the first to the last step of the rollout, by model, for several spreads of "
    "the starting points and of the replicates around them, and with tokens drawn at a temperature.",
    look_for="Whether the rise hangs on these choices, which the paper leaves open.",
    tables=(MAIN,),
    needs="Train the optimizers: incoherence run",
    picture=_lines,
)
