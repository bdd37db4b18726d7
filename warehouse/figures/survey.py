"""Survey (paper Fig. 4b, 27): is what people judge smarter also judged less coherent?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    table = tables["fig_survey"]
    columns = ["entity", "entity_group", "mean_rank", "mean_rank_ci_low", "mean_rank_ci_high", "n_raters"]
    intelligence = table.filter(pl.col("attribute") == "intelligence").select(columns)
    incoherence = table.filter(pl.col("attribute") == "incoherence").select(columns)
    both = intelligence.join(incoherence, on=["entity", "entity_group"], suffix="_incoherence")
    return Lines(
        title="Judged intelligence and judged incoherence",
        points=both.with_columns(
            panel=pl.lit("mean rank over raters"),
            series=pl.col("entity_group"),
            x=pl.col("mean_rank"),
            y=pl.col("mean_rank_incoherence"),
            low=pl.col("mean_rank_ci_low_incoherence"),
            high=pl.col("mean_rank_ci_high_incoherence"),
        ).sort("entity_group", "entity"),
        x_label="intelligence",
        y_label="incoherence",
        x_log=False,
        y_log=False,
        tooltips=("entity", "n_raters"),
    )


FIGURE = Figure(
    name="survey",
    title="Survey",
    shows="People ranked entities by intelligence, others ranked the same ones by incoherence; each point is "
    "one entity.",
    look_for="A rising cloud: what is judged smarter is judged less coherent.",
    tables=("fig_survey",),
    needs="Import rankings of entities by raters.",
    picture=_lines,
)
