"""Agreement among wrong answers: is what is wrong wrong alike?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_agreement"])
    return Dots(
        title="Two wrong answers to one item are the same",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series"),
            series=pl.lit("share of pairs"),
            x=pl.col("agreement"),
            low=pl.col("agreement_ci_low"),
            high=pl.col("agreement_ci_high"),
        ),
        x_label="share of pairs of wrong samples that agree",
        tooltips=("n_items", "n_wrong_answers", "n_wrong_pairs", "agreement_at_random"),
    )


FIGURE = Figure(
    name="agreement",
    title="Agreement among wrong answers",
    shows="The chance that two wrong samples of one item are the same wrong answer, over items with more than two "
    "options.",
    look_for="A model that errs less and agrees more when it errs: what is left are beliefs; votes do not repair them. "
    "At random, one pair in three agrees where there are four options (agreement_at_random).",
    tables=("fig_agreement",),
    needs="Import logs of multiple-choice tasks with several epochs per item: incoherence import LOG.eval",
    picture=_dots,
)
