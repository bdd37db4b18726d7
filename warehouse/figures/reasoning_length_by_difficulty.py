"""Reasoning length by difficulty (paper Fig. 12b, 22): do models think longer on items labelled harder?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import LENGTH_LABELS, Figure, Tables, main_rows, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    shown = with_series(main_rows(tables["fig_reasoning_length_by_difficulty"]))
    units = shown["length_axis"].replace(LENGTH_LABELS).unique(maintain_order=True).to_list()
    return Dots(
        title="Longer on items labelled harder?",
        points=shown.sort("task", "human_difficulty", maintain_order=True).with_columns(
            row=pl.col("task") + ": " + pl.col("human_difficulty"),
            x=pl.col("mean_length"),
            low=pl.col("mean_length_ci_low"),
            high=pl.col("mean_length_ci_high"),
        ),
        x_label=f"mean {', '.join(units)} of an item",
        tooltips=("n_items", "mean_length_se"),
    )


FIGURE = Figure(
    name="reasoning_length_by_difficulty",
    title="Reasoning length by difficulty",
    shows="Mean length of each model's reasoning on the items of each difficulty label: people's, "
    "or the task's own (the number of operations, for chain_arithmetic).",
    look_for="Whether lengths grow with the label at all: in the paper, what people call hard hardly predicts them.",
    tables=("fig_reasoning_length_by_difficulty",),
    needs="Import logs with token counts, of items that have a difficulty.",
    picture=_dots,
)
