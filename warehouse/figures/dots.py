"""Rows of dots: one row per pool, an estimate with its interval per series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import KEYS, ROW_ORDER, by_row, color_scale, colors, legend_label
from warehouse.figures.few import MOST_SERIES, TALLEST_IN, few, give_title


@dataclass(frozen=True)
class Dots:
    """What is drawn, in the terms of a picture.

    Attributes:
        title: of the picture.
        points: columns `row`, `series`, `x`, `low`, `high`; in drawing order.
        x_label: axis title.
        guide: place of a dotted vertical line.
        tooltips: further columns of `points` to show on hover.
    """

    title: str
    points: pl.DataFrame
    x_label: str
    guide: float | None = None
    tooltips: tuple[str, ...] = ()

    @property
    def shown(self) -> pl.DataFrame:
        """The rows that have an estimate."""
        return self.points.with_columns(pl.col("x", "low", "high").cast(pl.Float64)).filter(pl.col("x").is_not_null())

    def draw(self) -> MplFigure:
        """Rows from the top; the series of a row lie a little apart."""
        points, fewer_series = few(self.shown, "series", MOST_SERIES, "series")
        palette = colors(points["series"].to_list())
        beside = _side_by_side(points)
        row_height = 0.26 + 0.16 * beside
        points, fewer_rows = few(points, "row", int((TALLEST_IN - 1.5) / row_height), "rows")
        rows = points["row"].unique(maintain_order=True).to_list()
        apart = min(0.22, 0.7 / beside) if beside > 1 else 0.0
        picture = MplFigure(figsize=(8.6, 1.5 + row_height * len(rows)), layout="constrained")
        axis = picture.subplots()
        for index, (series, color) in enumerate(palette.items()):
            here = points.filter(pl.col("series") == series)
            shift = (index - (len(palette) - 1) / 2) * apart
            y = [-rows.index(row) - shift for row in here["row"]]
            x = here["x"].to_numpy()
            axis.hlines(y, here["low"].fill_null(here["x"]), here["high"].fill_null(here["x"]), color=color, lw=1.3)
            axis.scatter(x, y, color=color, s=34, label=legend_label(series), zorder=3)
        if self.guide is not None:
            axis.axvline(self.guide, color="#868E96", lw=1, ls=":")
        axis.set_xlabel(self.x_label, loc="right")  # to the left there is room for what is longer than the axis
        axis.set(yticks=[-index for index in range(len(rows))], yticklabels=rows)
        axis.set_ylim(-len(rows) + 0.4, 0.6)
        if len(palette) > 1:
            # As many columns as fit into the picture's width.
            columns = max(1, min(4, len(palette), 100 // (max(map(len, palette)) + 6)))
            picture.legend(*axis.get_legend_handles_labels(), loc="outside lower right", ncols=columns)
        give_title(picture, self.title, fewer_series, fewer_rows)
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same rows with tooltips."""
        points = by_row(self.shown)
        series = points["series"].unique(maintain_order=True).to_list()
        y = alt.Y("row:N", sort=ROW_ORDER, title=None, axis=alt.Axis(labelLimit=420))
        legend = alt.Legend(orient="bottom") if len(series) > 1 else None
        color = alt.Color("series:N", scale=color_scale(colors(series)), title=None, legend=legend)
        x = alt.X("x:Q", title=self.x_label, scale=alt.Scale(zero=False, padding=12))
        columns = ["row", "row_order", "series", "x", "low", "high", *self.tooltips]
        keys = [name for name in (*KEYS, *(f"other_{key}" for key in KEYS)) if name in points.columns]
        base = alt.Chart(points.select(*columns, *keys)).encode(y=y, color=color)
        if _side_by_side(points) > 1:
            base = base.encode(yOffset=alt.YOffset("series:N", sort=series))
        layers: list[Any] = [
            base.transform_filter("isValid(datum.low)")
            .mark_rule(opacity=0.6)
            .encode(x=alt.X("low:Q", title=self.x_label), x2="high:Q"),
            base.mark_point(filled=True, size=65, opacity=1).encode(
                x=x,
                tooltip=[
                    alt.Tooltip("row:N"),
                    alt.Tooltip("series:N"),
                    alt.Tooltip("x:Q", title=self.x_label, format=".4~g"),
                    alt.Tooltip("low:Q", title="95 % from", format=".4~g"),
                    alt.Tooltip("high:Q", title="to", format=".4~g"),
                    *(alt.Tooltip(f"{name}:Q", format=",") for name in self.tooltips),
                ],
            ),
        ]
        if self.guide is not None:
            layers.append(
                alt.Chart(pl.DataFrame({"x": [self.guide]})).mark_rule(color="#868E96", strokeDash=[2, 3]).encode(x=x)
            )
        chart: alt.TopLevelMixin = alt.layer(*layers).properties(width=480, height=alt.Step(16))
        return chart


def _side_by_side(points: pl.DataFrame) -> int:
    """How many series need places of their own in a row: all, but one place where every row has a single series."""
    in_a_row = points.group_by("row").agg(pl.col("series").n_unique())["series"].max()
    return points["series"].n_unique() if in_a_row != 1 else 1
