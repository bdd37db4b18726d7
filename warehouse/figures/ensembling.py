"""Ensembling (paper Fig. 7b, 11): averaging answers removes variance, and what it leaves is bias."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables, with_series
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    measures = {"variance_unbiased": "variance", "bias_sq_unbiased": "bias²"}
    table, fits = with_series(tables["fig_ensembling"]), with_series(tables["fig_ensembling_fits"])
    several = table.select("task").n_unique() > 1
    task = pl.col("task") + ": " if several else pl.lit("")
    panel = task + pl.col("decomposition").replace_strict(DECOMPOSITION_LABELS, default="") + " "
    return Lines(
        title="Averaging the answers of an ensemble",
        points=pl.concat(
            [
                table.with_columns(panel=panel + label, x=pl.col("ensemble_size"), y=pl.col(measure))
                for measure, label in measures.items()
            ]
        ).sort("panel", maintain_order=True),
        fits=pl.concat(
            [
                fits.filter(pl.col("measure") == measure).with_columns(panel=panel + label)
                for measure, label in measures.items()
            ]
        ),
        x_label="samples averaged into one answer",
        y_label="corrected estimate",
        tooltips=("n_items", "n_ensembles", "error", "incoherence_unbiased"),
    )


FIGURE = Figure(
    name="ensembling",
    title="Ensembling",
    shows="Disjoint ensembles of samples answer with their mean probabilities; bias² and variance of that "
    "answer by size of the ensemble.",
    look_for="Brier variance that falls with slope −1 and bias² that stays flat: averaging removes scatter and "
    "nothing else.",
    tables=(
        "fig_ensembling",
        "fig_ensembling_fits",
    ),
    needs="Import logs with at least six epochs per item.",
    picture=_lines,
)
