"""Incoherence by reasoning budget (paper Fig. 7a, 8a): does paying for more reasoning make a model more coherent?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import PART, Figure, Tables, main_rows, measure_label, short_model
from warehouse.figures.lines import Lines

SETTINGS = {
    "prompt_format": pl.col("prompt_format"),
    "n_shots": pl.format("{} shots", "n_shots"),
    "temperature": pl.format("T {}", "temperature"),
    "top_p": pl.format("top-p {}", "top_p"),
    "top_k": pl.format("top-k {}", "top_k"),
}
"""What budgets are ranked within, in words."""


def _lines(tables: Tables) -> Lines:
    table = main_rows(tables["fig_incoherence_by_reasoning_budget"])
    # One budget alone has nothing to compare with.
    table = table.filter(pl.col("budget_rank").n_unique().over("task", "model_id", *SETTINGS) > 1)
    line = pl.col("model_id").map_elements(short_model, return_dtype=pl.String)
    for setting, words in SETTINGS.items():
        # Only what tells lines of one model apart.
        tells = pl.col(setting).n_unique().over("task", "model_id") > 1
        line += pl.when(tells).then(PART + words.fill_null(f"{setting} not set")).otherwise(pl.lit(""))
    panels = [
        table.with_columns(
            panel=pl.col("task_label") + ": " + pl.lit(label),
            series=line + pl.when(pl.col("is_simulated")).then(pl.lit(" (simulated)")).otherwise(pl.lit("")),
            x=pl.col("budget_rank"),
            y=pl.col(measure),
            low=pl.col(f"{measure}_ci_low"),
            high=pl.col(f"{measure}_ci_high"),
        )
        for measure, label in (("accuracy", "accuracy"), ("incoherence_unbiased", measure_label(table, "incoherence")))
    ]
    ranks = table.select("budget_rank", "reasoning_budget").unique().sort("budget_rank")
    # Models may have other budgets each: then their places are all that they share.
    are_shared = ranks["budget_rank"].is_unique().all() and not ranks["reasoning_budget"].has_nulls()
    return Lines(
        title="Larger reasoning budgets",
        points=pl.concat(panels).sort("task", "panel", "param_count", "model_id", nulls_last=True),
        x_label="reasoning budget" if are_shared else "rank of the budget, from the smallest",
        x_names=dict(ranks.iter_rows()) if are_shared else {},
        y_label="estimate",
        x_log=False,
        y_log=False,
        connected=True,
        tooltips=("reasoning_budget", "n_items", "n_samples"),
    )


FIGURE = Figure(
    name="incoherence_by_reasoning_budget",
    title="Incoherence by reasoning budget",
    shows="Accuracy and incoherence of each model at each reasoning budget, all other settings alike.",
    look_for="Accuracy that rises with the budget while incoherence falls only a little: budgets buy right answers"
    " rather than predictable errors.",
    tables=("fig_incoherence_by_reasoning_budget",),
    needs="Import logs of one model with several reasoning budgets.",
    picture=_lines,
)
