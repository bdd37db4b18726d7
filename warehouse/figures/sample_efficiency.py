"""Sample efficiency (paper Fig. 21): how many samples per item does an estimate take?"""

from __future__ import annotations

import polars as pl

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables, main_rows, with_series
from warehouse.figures.lines import Lines


def _lines(tables: Tables) -> Lines:
    table = with_series(main_rows(tables["fig_sample_efficiency"]))
    scatters = pl.col("decomposition") == "embedding"
    measure = pl.when(scatters).then(pl.lit("variance")).otherwise(pl.lit("incoherence"))
    label = pl.col("decomposition").replace(DECOMPOSITION_LABELS) + " " + measure

    def of_measure(suffix: str) -> pl.Expr:
        """Incoherence; of embeddings, which have none, the variance."""
        return pl.when(scatters).then(pl.col(f"variance{suffix}")).otherwise(pl.col(f"incoherence{suffix}"))

    points = table.with_columns(
        panel=pl.col("task") + ": " + pl.col("series") + ", " + label,
        series=pl.col("estimator").replace_strict({"plug_in": "plug-in", "corrected": "corrected"}),
        x=pl.col("n_samples_per_item"),
        y=of_measure(""),
        low=of_measure("") - of_measure("_sd"),
        high=of_measure("") + of_measure("_sd"),
        sd=of_measure("_sd"),
        all_samples=of_measure("_all"),
        all_samples_from=of_measure("_all_ci_low"),
        all_samples_to=of_measure("_all_ci_high"),
    )
    guides = {row["panel"]: row["all_samples"] for row in points.iter_rows(named=True) if row["all_samples"]}
    return Lines(
        title="Estimates from few samples per item (bars: one standard deviation over disjoint blocks)",
        points=points.sort("panel", "series", maintain_order=True),
        x_label="samples per item",
        y_label="incoherence or variance",
        y_log=False,
        bar_ends=("one standard deviation from", "to"),
        connected=True,
        guides=guides,
        tooltips=("n_items", "n_blocks", "sd", "all_samples", "all_samples_from", "all_samples_to"),
        columns=2,
    )


FIGURE = Figure(
    name="sample_efficiency",
    title="Sample efficiency",
    shows="Incoherence (of embeddings, variance) as an experiment with few samples per item would have found it, by "
    "the definitions and corrected; dotted: the corrected answer from all samples, whose 95 % interval is on hover.",
    look_for="How soon the corrected line reaches the dotted one, where the plug-in line still lies below it; a size "
    "without a bar fits in only once, so that nothing is known of its scatter.",
    tables=("fig_sample_efficiency",),
    needs="Import logs with at least four epochs per item.",
    picture=_lines,
)
