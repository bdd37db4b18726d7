"""Reliability as builders of agents count it: pass^k, pass@k and the majority of k votes."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.lines import Lines

RATES = {"pass_at_k": "pass@k: one of k right", "majority_at_k": "majority of k", "pass_hat_k": "pass^k: all k right"}


def _lines(tables: Tables) -> Lines:
    table = with_series(tables["fig_reliability"]).with_columns(panel=pl.col("task") + ": " + pl.col("series"))
    points = pl.concat(
        table.with_columns(
            series=pl.lit(words),
            x=pl.col("k"),
            y=pl.col(rate),
            low=pl.col(f"{rate}_ci_low"),
            high=pl.col(f"{rate}_ci_high"),
        )
        for rate, words in RATES.items()
    )
    return Lines(
        title="Reliability of k runs",
        points=points,
        x_label="runs or votes k",
        y_label="share of items",
        y_log=False,
        connected=True,
        tooltips=("n_items", "n_items_with_fewer", "cost_usd_per_item"),
    )


FIGURE = Figure(
    name="reliability",
    title="Reliability",
    shows="Of k runs of an item: how often one is right (pass@k), all are (pass^k), and the answer with the most votes "
    "is, per model and condition.",
    look_for="How far pass^k falls below pass^1: that is what a user meets who asks more than once; and whether votes "
    "help.",
    tables=("fig_reliability",),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_lines,
)
