"""Sensitivity: does the KL number hang on the smoothing δ or on format failures?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    table = with_series(tables["fig_sensitivity"])
    kind = pl.col("format_failures").replace_strict({"included": "", "left_out": ", format failures left out"})
    return Lines(
        title="KL incoherence by smoothing",
        points=table.with_columns(
            panel=pl.col("task") + kind,
            x=pl.col("kl_delta"),
            y=pl.col("incoherence_unbiased"),
            low=pl.col("incoherence_unbiased_ci_low"),
            high=pl.col("incoherence_unbiased_ci_high"),
        ).sort("format_failures", "task", maintain_order=True),
        x_label="δ",
        y_label="KL incoherence",
        y_log=False,
        connected=True,
        tooltips=("n_items", "slope", "slope_ci_low", "slope_ci_high"),
    )


FIGURE = Figure(
    name="sensitivity",
    title="Sensitivity",
    shows="KL incoherence at other smoothings, with and without samples whose format failed.",
    look_for="Flat lines: a conclusion that turns with δ is about the smoothing and not about the model.",
    tables=("fig_sensitivity",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_lines,
)
