"""Incoherence by label: difficulty as people see it, else subject, else subset."""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, main_rows, measure_label, with_series
from warehouse.figures.dots import Dots

MOST_GROUPS = 12
"""Rows of a task: the hardest groups where it has more. The table has all."""


def _dots(tables: Tables) -> Dots:
    table = main_rows(tables["fig_incoherence_by_label"].filter(pl.col("incoherence_unbiased").is_not_null()))
    kind = pl.col("grouped_by").replace_strict({"human_difficulty": 0, "subject": 1, "subset": 2})
    hardest = pl.col("label_rank").max().over("task") - MOST_GROUPS
    shown = table.filter(kind == kind.min().over("task")).filter(pl.col("label_rank") > hardest)
    return Dots(
        title="Less coherent on what is harder?",
        points=with_series(shown)
        .sort("task", "label_rank", maintain_order=True)
        .with_columns(
            row=pl.col("task_label") + ": " + pl.col("item_group"),
            x=pl.col("incoherence_unbiased"),
            low=pl.col("incoherence_unbiased_ci_low"),
            high=pl.col("incoherence_unbiased_ci_high"),
        ),
        x_label=measure_label(shown, "incoherence"),
        tooltips=("n_items", "accuracy", "error", "bias_sq", "variance"),
    )


FIGURE = Figure(
    name="incoherence_by_label",
    title="Incoherence by difficulty, subject or subset",
    shows="Incoherence of each model on the items of one label, by human difficulty where a task has it, else by "
    "subject, else by subset; labels from the most to the least accurate.",
    look_for="Whether the hard labels at the bottom lie further right: errors there are less of a kind.",
    tables=("fig_incoherence_by_label",),
    needs="Import logs of items that have a difficulty, a subject or a subset.",
    picture=_dots,
)
