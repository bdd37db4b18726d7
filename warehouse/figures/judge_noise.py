"""Judge noise: how much of what grades vary by is the judge's and not the model's?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import PART, Figure, Tables, with_series
from warehouse.figures.dots import Dots


def _dots(tables: Tables) -> Dots:
    table = with_series(tables["fig_judge_noise"].filter(pl.col("judge_share").is_not_null()))
    who = pl.when("is_panel").then(pl.lit("all graders")).otherwise(pl.lit("one grader, again"))
    name = pl.when("is_panel").then(pl.lit("")).otherwise(PART + pl.col("grader"))
    return Dots(
        title="How much of the variance of grades is the judge's?",
        points=table.with_columns(
            row=pl.col("task") + ": " + pl.col("series") + name,
            series=who,
            x=pl.col("judge_share"),
            low=pl.col("judge_share_ci_low"),
            high=pl.col("judge_share_ci_high"),
        ),
        x_label="share of the variance of grades that is the judge's",
        guide=0,
        tooltips=(
            *("n_graders", "n_items_split", "n_samples_regraded", "grade_variance", "model_variance", "judge_variance"),
            "grader_agreement",
        ),
    )


FIGURE = Figure(
    name="judge_noise",
    title="Judge noise",
    shows="The variance of a grade within an item, split into what graders see alike in different samples (the "
    "model's) and what they see differently in one and the same (the judge's).",
    look_for="A share near zero: samples differ, and not their graders. A large one: what looks like an incoherent "
    "model is an incoherent judge; grade again, or take the mean of several graders.",
    tables=("fig_judge_noise",),
    needs="Grade each sample more than once: an Inspect log with several scorers, or a table with a grader column "
    "(docs/importing.md).",
    picture=_dots,
)
