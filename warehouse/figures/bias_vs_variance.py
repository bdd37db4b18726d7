"""Bias² against variance (paper Fig. 13): the same groups of items as points in the plane."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import KEYS, Figure, Tables, main_rows, measure_label, with_series
from warehouse.figures.lines import Lines

CONTOURS = {"¼": 0.25, "½": 0.5, "¾": 0.75}

SMALLEST = 1e-3
"""Bias² that is smaller is what smoothing leaves; on a logarithmic axis it would lie far off on its own."""


def _lines(tables: Tables) -> Lines:
    table = with_series(main_rows(tables["fig_bias_vs_variance"].filter(pl.col("grouped_by") == "own_length")))
    points = table.with_columns(panel=pl.col("task_label"), x=pl.col("bias_sq"), y=pl.col("variance"))
    # The lines of equal incoherence R: variance = bias² · R / (1 − R), over the range of the points.
    shown = points.filter(pl.col("x") > SMALLEST)
    ends = shown.group_by("panel", maintain_order=True).agg(low=pl.col("x").min(), high=pl.col("x").max())
    contours = pl.concat(
        ends.select(
            "panel",
            series=pl.lit(f"incoherence {label}"),
            x=end,
            y=pl.col(end) * share / (1 - share),
            n_items=pl.lit(None, dtype=pl.Int64),
            mean_length=pl.lit(None, dtype=pl.Float64),
            incoherence=pl.lit(share),
        )
        for label, share in CONTOURS.items()
        for end in ("low", "high")
    )
    lines = contours.select("panel", "series", "incoherence").unique(maintain_order=True)
    slopes = lines.with_columns(
        slope=pl.lit(1.0), intercept=(pl.col("incoherence") / (1 - pl.col("incoherence"))).log()
    )
    columns = ["panel", "series", "x", "y", "n_items", "mean_length", "incoherence"]
    keys = [name for name in KEYS if name in shown.columns]
    return Lines(
        title="Bias² against variance",
        points=pl.concat([shown.select(columns + keys), contours.select(columns)], how="diagonal_relaxed"),
        fits=slopes,
        shows_slopes=False,
        greys=tuple(f"incoherence {label}" for label in CONTOURS),
        x_label=measure_label(table, "bias²"),
        y_label=measure_label(table, "variance"),
        tooltips=("n_items", "mean_length", "incoherence"),
    )


FIGURE = Figure(
    name="bias_vs_variance",
    title="Bias² against variance",
    shows="Each point is a group of items of similar reasoning length; dashed lines join equal incoherence: above ½, "
    "more than half of the error is variance.",
    look_for="Which way points move as items get longer: up (more variance) or right (more bias).",
    tables=("fig_bias_vs_variance",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_lines,
)
