"""Natural overthinking (paper Fig. 3): the same items, answered with less and with more reasoning than usual."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import (
    DECOMPOSITION_LABELS,
    PART,
    ROW_ORDER,
    Figure,
    Tables,
    by_row,
    main_rows,
    with_series,
)
from warehouse.figures.few import TALLEST_IN, few, give_title

MAIN = "fig_natural_overthinking"
INCOHERENCE = "corrected incoherence"
"""The halves of an item hold different numbers of samples: only the corrected estimates compare."""
HALVES = {"shorter": ("shorter than own median", "#74C0FC"), "longer": ("longer", "#1864AB")}


def one_row_per_pool(table: pl.DataFrame) -> pl.DataFrame:
    """The main decomposition and length axis of each pool, with the label `row`."""
    shown = with_series(main_rows(table))
    label = pl.col("decomposition").replace_strict(DECOMPOSITION_LABELS, default=pl.col("decomposition"))
    return shown.with_columns(row=pl.col("task") + ": " + pl.col("series") + PART + label)


@dataclass(frozen=True)
class Halves:
    """Two rows per pool: what its items are in their shorter and in their longer half."""

    shown: pl.DataFrame

    def draw(self) -> MplFigure:
        """A row per model: the two halves' accuracy on the left, incoherence on the right."""
        shown, fewer = few(self.shown, "row", int((TALLEST_IN - 1.6) / 0.42), "rows")
        rows = shown["row"].unique(maintain_order=True).to_list()
        picture = MplFigure(figsize=(9.6, 1.6 + 0.42 * len(rows)), layout="constrained")
        left, right = picture.subplots(1, 2, sharey=True)
        heights = {row: -index for index, row in enumerate(rows)}
        for axis, measure, title in ((left, "accuracy", "accuracy"), (right, "incoherence_unbiased", INCOHERENCE)):
            for _, pair in shown.group_by(["row"], maintain_order=True):
                values = pair[measure].cast(pl.Float64).to_numpy()
                axis.plot(values, [heights[row] for row in pair["row"]], color="#CED4DA", lw=2, zorder=1)
            for half, (label, color) in HALVES.items():
                side = shown.filter(pl.col("half") == half)
                y = [heights[row] for row in side["row"]]
                x = side[measure].cast(pl.Float64).to_numpy()
                axis.scatter(x, y, color=color, s=42, label=label, zorder=3)
                if measure == "incoherence_unbiased":
                    low = side["incoherence_unbiased_ci_low"].cast(pl.Float64).to_numpy()
                    high = side["incoherence_unbiased_ci_high"].cast(pl.Float64).to_numpy()
                    axis.hlines(
                        y, np.where(np.isnan(low), x, low), np.where(np.isnan(high), x, high), color=color, lw=1.2
                    )
            axis.set(title=title, yticks=list(heights.values()), yticklabels=rows)
        handles, labels = right.get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower right", ncols=2)
        give_title(picture, "Thinking longer than usual on the same item", fewer)
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same two panels with tooltips."""
        scale = alt.Scale(domain=[label for label, _ in HALVES.values()], range=[color for _, color in HALVES.values()])
        panels = []
        for measure, title in (("accuracy", "accuracy"), ("incoherence_unbiased", INCOHERENCE)):
            y = alt.Y(
                "row:N",
                sort=ROW_ORDER,
                title=None,
                axis=alt.Axis(labelLimit=330) if measure == "accuracy" else alt.Axis(labels=False, ticks=False),
            )
            base = alt.Chart(by_row(self.shown)).encode(y=y)
            x = alt.X(f"{measure}:Q", title=title, scale=alt.Scale(zero=False, padding=12))
            layers: list[alt.Chart] = [base.mark_line(color="#CED4DA", strokeWidth=2).encode(x=x, detail="row:N")]
            if measure == "incoherence_unbiased":
                layers.append(
                    base.transform_filter("isValid(datum.incoherence_unbiased_ci_low)")
                    .mark_rule(opacity=0.6)
                    .encode(
                        x=alt.X("incoherence_unbiased_ci_low:Q", title=title),
                        x2="incoherence_unbiased_ci_high:Q",
                        color=alt.Color("half_label:N", scale=scale, title=None),
                    )
                )
            layers.append(
                base.mark_point(filled=True, size=75, opacity=1).encode(
                    x=x,
                    color=alt.Color("half_label:N", scale=scale, title=None, legend=alt.Legend(orient="bottom")),
                    tooltip=[
                        alt.Tooltip("row:N", title="model"),
                        alt.Tooltip("half_label:N", title="samples"),
                        alt.Tooltip("n_items:Q"),
                        alt.Tooltip("n_samples:Q"),
                        alt.Tooltip("mean_length:Q", format=",.1f"),
                        alt.Tooltip("accuracy:Q", format=".3f"),
                        alt.Tooltip("incoherence_unbiased:Q", format=".4f", title=INCOHERENCE),
                        alt.Tooltip("incoherence_unbiased_ci_low:Q", format=".4f", title="95 % from"),
                        alt.Tooltip("incoherence_unbiased_ci_high:Q", format=".4f", title="to"),
                        alt.Tooltip("incoherence:Q", format=".4f", title="as it is"),
                    ],
                )
            )
            panels.append(alt.layer(*layers).properties(width=270, height=alt.Step(30)))
        return alt.hconcat(*panels)


def _halves(tables: Tables) -> Halves:
    label = pl.col("half").replace_strict({half: label for half, (label, _) in HALVES.items()})
    return Halves(one_row_per_pool(tables[MAIN]).with_columns(half_label=label))


FIGURE = Figure(
    name="natural_overthinking",
    title="Natural overthinking",
    shows="Each item's samples are split at the item's own median length; both halves answer the same items. "
    "Incoherence is corrected for few samples, because the halves hold different numbers of them.",
    look_for="Nearly equal accuracy with a clearly higher incoherence above the median: thinking longer than usual "
    "goes with less predictable errors, not with better or worse ones.",
    tables=(MAIN,),
    needs="Import logs with several epochs per item and token counts: incoherence import LOG.eval",
    picture=_halves,
)
