"""Wait ratio (paper Fig. 18): are models more incoherent where they second-guess themselves?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import Figure, Tables, main_rows, measure_label, with_series
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    points, fits = (with_series(main_rows(tables[f"fig_wait_ratio{kind}"])) for kind in ("", "_fits"))
    return Lines(
        title="How often a model says wait",
        points=points.with_columns(
            panel=pl.col("task_label"),
            x=pl.col("wait_ratio"),
            y=pl.col("incoherence_unbiased"),
            low=pl.col("incoherence_unbiased_ci_low"),
            high=pl.col("incoherence_unbiased_ci_high"),
        ),
        fits=fits.filter(pl.col("measure") == "incoherence_unbiased").with_columns(panel=pl.col("task_label")),
        x_label="occurrences of wait per token",
        y_label=measure_label(points, "incoherence"),
        tooltips=("bucket", "n_items", "n_effective", "mean_length", "accuracy"),
    )


FIGURE = Figure(
    name="wait_ratio",
    title="Wait ratio",
    shows="Items are cut into equal groups by how often the word wait occurs per token of reasoning.",
    look_for="A rising line: second thoughts then go with less predictable errors.",
    tables=(
        "fig_wait_ratio",
        "fig_wait_ratio_fits",
    ),
    needs="Import logs whose reasoning text is returned and says wait.",
    picture=_lines,
)
