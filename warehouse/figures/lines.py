"""Panels of lines: points with intervals over a numeric axis, one colour per series, and power laws."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import MaxNLocator

from warehouse.figures.base import (
    FEWEST_FITTED,
    KEYS,
    color_scale,
    colors,
    cut_to_log_axis,
    legend_label,
    plain_log_ticks,
)
from warehouse.figures.few import MOST_SERIES, TALLEST_IN, few, give_title

TOOLTIP_FORMATS = {"n_items": ",", "n_samples": ",", "param_count": ",", "accuracy": ".3f"}


GREYS = ("#CED4DA", "#868E96", "#343A40")


@dataclass(frozen=True)
class Lines:
    """What is drawn, in the terms of a picture.

    Attributes:
        title: of the picture.
        points: columns `panel`, `series`, `x`, `y`, and `low`, `high` where there are intervals; in drawing order.
        fits: columns `panel`, `series`, `slope`, `intercept` of ln y over ln x; drawn over the range of the points.
        x_label, y_label: axis titles.
        x_log, y_log: whether the axis is logarithmic; points at or below 0 are then not shown.
        bar_ends: what `low` and `high` are called on hover.
        connected: whether neighbouring points are joined.
        guides: heights of dotted lines, by panel.
        tooltips: further columns of `points` to show on hover.
        columns: panels side by side.
        shows_slopes: whether the legend names the fits' slopes.
        greys: series that are no data but help to read it, in grey.
        x_names: what whole numbers on the x axis stand for, where they are places in an order.
        keys: columns of `points` by which a reader may choose among them.
    """

    title: str
    points: pl.DataFrame
    x_label: str
    y_label: str
    fits: pl.DataFrame | None = None
    x_log: bool = True
    y_log: bool = True
    bar_ends: tuple[str, str] = ("95 % from", "to")
    connected: bool = False
    guides: dict[str, float] = field(default_factory=dict)
    tooltips: tuple[str, ...] = ()
    columns: int = 2
    shows_slopes: bool = True
    greys: tuple[str, ...] = ()
    x_names: dict[int, str] = field(default_factory=dict)
    keys: tuple[str, ...] = KEYS

    def palette(self, points: pl.DataFrame) -> dict[str, str]:
        """A colour for each series of some points."""
        found = colors([series for series in points["series"] if series not in self.greys])
        return found | dict(zip(self.greys, GREYS, strict=False))

    @property
    def shown(self) -> pl.DataFrame:
        """The points that their axes can show."""
        keep = pl.col("x").is_not_null() & pl.col("y").is_not_null()
        if self.x_log:
            keep &= pl.col("x") > 0
        if self.y_log:
            keep &= pl.col("y") > 0
        points = self.points.with_columns(pl.col("x", "y").cast(pl.Float64))
        for name in ("low", "high"):
            value = pl.col(name).cast(pl.Float64) if name in points.columns else pl.lit(None, dtype=pl.Float64)
            points = points.with_columns(value.alias(name))
        return points.filter(keep)

    def draw(self) -> MplFigure:
        """One axis per panel, a legend beside the data."""
        points, fewer_series = few(self.shown, "series", MOST_SERIES, "lines", besides=self.greys)
        legend_lines = points.group_by("panel").agg(pl.col("series").n_unique())["series"].max()
        # A long legend makes the picture higher, not the axes lower: the axis title would come to lie under it.
        height = 3.4 + 0.24 * (legend_lines if isinstance(legend_lines, int) else 0)
        most = self.columns * max(1, int(TALLEST_IN / height))
        points, fewer_panels = few(points, "panel", most, "panels")
        panels = points["panel"].unique(maintain_order=True).to_list()
        palette = self.palette(points)
        columns = min(self.columns, max(1, len(panels)))
        rows = -(-max(1, len(panels)) // columns)
        picture = MplFigure(figsize=(max(5.2, 4.6 * columns), height * rows + 0.3), layout="constrained")
        axes = list(picture.subplots(rows, columns, squeeze=False).flat)
        for axis, panel in zip(axes, panels, strict=False):
            here = points.filter(pl.col("panel") == panel)
            for (series,), line in here.group_by(["series"], maintain_order=True):
                self._draw_series(axis, line.sort("x"), str(panel), str(series), palette[series])
            if panel in self.guides:
                axis.axhline(self.guides[panel], color="#868E96", lw=1, ls=":")
            axis.set(title=fill(str(panel), 42), xlabel=self.x_label, ylabel=self.y_label)
            if self.x_log:
                axis.set_xscale("log")
            elif self.x_names:
                axis.set_xticks(list(self.x_names), list(self.x_names.values()))
            elif (here["x"] % 1 == 0).all():
                axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
            if self.y_log:
                axis.set_yscale("log")
                axis.set_ylim(_log_domain(here["y"]))
            plain_log_ticks(*([axis.xaxis] if self.x_log else []), *([axis.yaxis] if self.y_log else []))
            if axis.get_legend_handles_labels()[1]:
                axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=self._legend_columns(here))
        for axis in axes[len(panels) :]:
            axis.remove()
        give_title(picture, self.title, fewer_series, fewer_panels)
        return picture

    def _draw_series(self, axis: Axes, line: pl.DataFrame, panel: str, series: str, color: str) -> None:
        x, y = line["x"].to_numpy(), line["y"].to_numpy()
        low = np.nan_to_num(y - line["low"].to_numpy(), nan=0.0).clip(0)
        high = np.nan_to_num(line["high"].to_numpy() - y, nan=0.0).clip(0)
        label = legend_label(series)
        fit = self._fit(panel, series)
        if fit is not None:
            if self.shows_slopes:
                label += f"  (slope {fit['slope']:+.2f})"
            ends = np.array([x.min(), x.max()])
            named = label if series in self.greys else None
            axis.plot(ends, np.exp(fit["intercept"]) * ends ** fit["slope"], "--", lw=1.3, color=color, label=named)
        if series in self.greys:
            return
        joined = "o-" if self.connected else "o"
        axis.errorbar(
            x, y, yerr=[low, high], fmt=joined, ms=5, lw=1.2, elinewidth=0.8, color=color, label=label, alpha=0.8
        )

    def chart(self) -> alt.TopLevelMixin:
        """The same panels with tooltips: one definition over one table, whose column `mark` says what a row is."""
        table = self._marked()
        x = alt.X("x:Q", title=self.x_label, scale=self._scale(self.x_log), axis=self._x_axis(table))
        y = alt.Y("y:Q", title=self.y_label, scale=self._scale(self.y_log))
        color = alt.Color(
            "series:N",
            scale=color_scale(self.palette(self.shown)),
            title=None,
            legend=alt.Legend(orient="bottom", columns=2, labelLimit=400),
        )
        base = alt.Chart()
        points = base.transform_filter("datum.mark == 'point'")
        layers: list[Any] = [
            points.transform_filter("isValid(datum.drawn_low)")
            .mark_rule(opacity=0.4)
            .encode(
                x=x,
                y=alt.Y("drawn_low:Q", title=self.y_label, scale=self._scale(self.y_log)),
                y2="drawn_high:Q",
                color=color,
            )
        ]
        if self.connected:
            layers.append(points.mark_line().encode(x=x, y=y, color=color))
        layers.append(
            points.mark_point(filled=True, size=55, opacity=0.9).encode(x=x, y=y, color=color, tooltip=self._tooltips())
        )
        if (table["mark"] == "fit").any():
            layers.append(
                base.transform_filter("datum.mark == 'fit'")
                .mark_line(strokeDash=[5, 4])
                .encode(x=x, y=y, color=color, tooltip=["series:N", alt.Tooltip("slope:Q", format="+.3f")])
            )
        if (table["mark"] == "guide").any():
            guides = base.transform_filter("datum.mark == 'guide'")
            layers.append(guides.mark_rule(color="#868E96", strokeDash=[2, 3]).encode(y=y))
        header = alt.Header(title=None, labelFontSize=13, labelFontWeight="bold", labelAnchor="start", labelLimit=360)
        grid: alt.TopLevelMixin = (
            alt.layer(*layers)
            .properties(width=360, height=210)
            .facet(alt.Facet("panel:N", sort=None, header=header), data=table, columns=self.columns)
            .resolve_scale(x="independent", y="independent")
        )
        return grid

    def _x_axis(self, table: pl.DataFrame) -> alt.Axis:
        if self.x_names:
            names = f"{json.dumps(self.x_names)}[datum.value]"
            return alt.Axis(values=list(self.x_names), labelExpr=names)
        is_whole = not self.x_log and bool((table["x"].drop_nulls() % 1 == 0).all())
        return alt.Axis(tickMinStep=1, format="d") if is_whole else alt.Axis()

    @staticmethod
    def _scale(is_log: bool) -> alt.Scale:
        return alt.Scale(type="log", nice=False, padding=15) if is_log else alt.Scale(zero=False, padding=12)

    def _tooltips(self) -> list[alt.Tooltip]:
        return [
            alt.Tooltip("series:N"),
            alt.Tooltip("x:Q", title=self.x_label, format=",.4~g"),
            alt.Tooltip("y:Q", title=self.y_label, format=".4~g"),
            alt.Tooltip("low:Q", title=self.bar_ends[0], format=".4~g"),
            alt.Tooltip("high:Q", title=self.bar_ends[1], format=".4~g"),
            *(
                alt.Tooltip(f"{name}:Q" if self.points[name].dtype.is_numeric() else f"{name}:N")
                if name not in TOOLTIP_FORMATS
                else alt.Tooltip(f"{name}:Q", format=TOOLTIP_FORMATS[name])
                for name in self.tooltips
            ),
        ]

    def _marked(self) -> pl.DataFrame:
        """Points, ends of fits and guides in one table, by panel; intervals cut to what a logarithmic axis shows."""
        points = self.shown
        keys = [name for name in self.keys if name in points.columns]
        tables = []
        for (panel,), here in points.group_by(["panel"], maintain_order=True):
            data = here.filter(~pl.col("series").is_in(self.greys))
            low, high = pl.col("low"), pl.col("high")
            if self.y_log:
                bottom, top = _log_domain(here["y"])
                low, high = cut_to_log_axis(low, bottom).clip(bottom), high.clip(None, top)
            columns = ["panel", "series", "x", "y", "low", "high", *self.tooltips, *keys]
            tables.append(data.select(*dict.fromkeys(columns), mark=pl.lit("point"), drawn_low=low, drawn_high=high))
            extra = self._line_ends(here, str(panel))
            if panel in self.guides:
                extra.append({"y": self.guides[str(panel)], "mark": "guide"} | here.select(keys).row(0, named=True))
            if extra:
                tables.append(pl.DataFrame(extra).with_columns(panel=pl.lit(panel)))
        return pl.concat(tables, how="diagonal_relaxed")

    def _legend_columns(self, here: pl.DataFrame) -> int:
        """Two columns only for names that are short: a wide legend takes the room of the axes."""
        longest = here["series"].str.len_chars().max()
        return 2 if self.fits is None and isinstance(longest, int) and longest <= 20 else 1

    def _fit(self, panel: str, series: str) -> dict[str, Any] | None:
        if self.fits is None:
            return None
        rows = self.fits.filter(
            (pl.col("panel") == panel) & (pl.col("series") == series) & pl.col("slope").is_not_null()
        )
        fit = rows.row(0, named=True) if rows.height else None
        return None if fit is not None and fit.get("n_points", FEWEST_FITTED) < FEWEST_FITTED else fit

    def _line_ends(self, here: pl.DataFrame, panel: str) -> list[dict[str, Any]]:
        ends = []
        for (series,), line in here.group_by(["series"], maintain_order=True):
            fit = self._fit(panel, str(series))
            if fit is not None:
                first = line.row(0, named=True)
                keys = {name: first[name] for name in self.keys if name in first}
                for x in (line["x"].min(), line["x"].max()):
                    value = float(np.exp(fit["intercept"]) * float(x) ** fit["slope"])  # type: ignore[arg-type]
                    ends.append({"series": series, "x": x, "y": value, "slope": fit["slope"], "mark": "fit"} | keys)
        return ends


def _log_domain(values: pl.Series) -> list[float]:
    """A little more than the points: wide intervals are cut rather than squeeze them."""
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    return [low / 1.6, high * 1.6]
