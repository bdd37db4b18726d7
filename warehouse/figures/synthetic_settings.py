"""Synthetic optimizer by setting: what choices that the paper leaves open do to its incoherence."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables
from warehouse.figures.lines import Lines
from warehouse.figures.synthetic import OWN, RECORDED, of_largest_experiment, over_seeds, source_label

MAIN = "fig_synthetic_settings"


def _lines(tables: Tables) -> Lines:
    table = of_largest_experiment(tables[MAIN]).filter(~pl.col("is_teacher"))
    table = table.filter((pl.col("source") == OWN) | (pl.col("decomposition") == "per_start"))
    setting = pl.format(
        "{}: scale {}, jitter {}, temperature {}",
        *(pl.col(name).cast(pl.String) for name in ("starts", "start_scale", "jitter", "temperature")),
    )
    is_standard = pl.col("starts") == "standard"
    table = table.with_columns(
        panel=pl.struct("source", "profile", "decomposition").map_elements(
            lambda row: f"{source_label(row['source'], row['profile'])}, {DECOMPOSITION_LABELS[row['decomposition']]}",
            return_dtype=pl.String,
        ),
        series=setting,
    ).sort(pl.col("source") == RECORDED, "decomposition", ~is_standard, "series", "param_count", "model_id")
    points = over_seeds(table, ["panel", "series"], ["over_exact"])
    return Lines(
        title="The rise of incoherence along the rollout beyond that of the exact optimizer, by setting",
        points=points.with_columns(
            x=pl.col("param_count"),
            y=pl.col("over_exact"),
            low=pl.col("over_exact_low"),
            high=pl.col("over_exact_high"),
        ),
        x_label="parameters",
        y_label="rise beyond the exact optimizer's",
        y_log=False,
        bar_ends=("from", "to"),
        connected=True,
        tooltips=("n_seeds",),
    )


FIGURE = Figure(
    name="synthetic_settings",
    title="Synthetic optimizer: choices of the setting",
    shows="How much more (or less) incoherence rises from the first to the last step of the rollout than that of the "
    "exact optimizer from the same starting points, by size, for several spreads of the starting points and of the "
    "replicates around them, and with tokens drawn at a temperature. Of several seeds the median and the range.",
    look_for="Whether the rise hangs on these choices, which the paper leaves open, and whether it reaches that of the "
    "exact optimizer, which wanders in the end and is all variance then.",
    tables=(MAIN,),
    needs="Train the optimizers: incoherence run",
    picture=_lines,
)
