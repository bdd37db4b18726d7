"""Incoherence by reasoning length (paper Fig. 2a-c): do models get more incoherent where they think longer?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import (
    FEWEST_FITTED,
    LENGTH_LABELS,
    Figure,
    Tables,
    color_scale,
    colors,
    cut_to_log_axis,
    legend_label,
    main_rows,
    measure_label,
    plain_log_ticks,
    with_series,
)
from warehouse.figures.few import MOST_SERIES, few, give_title

MAIN, FITS = "fig_incoherence_by_reasoning_length", "fig_incoherence_by_reasoning_length_fits"


@dataclass(frozen=True)
class Groups:
    """Groups of items as points, and the lines fitted to them."""

    shown: pl.DataFrame
    slopes: pl.DataFrame

    def draw(self) -> MplFigure:
        """One panel per task; points with 95 % intervals and log-log fits."""
        shown, fewer_series = few(self.shown, "series", MOST_SERIES, "lines")
        shown, fewer_tasks = few(shown, "task", 4, "tasks")
        tasks = shown["task"].unique(maintain_order=True).to_list()
        palette = colors(shown["series"].to_list())
        columns = min(2, max(1, len(tasks)))
        rows = -(-max(1, len(tasks)) // columns)
        picture = MplFigure(figsize=(5.6 * columns, 4.9 * rows), layout="constrained")
        axes = picture.subplots(rows, columns, squeeze=False).flat
        for axis, task in zip(axes, tasks, strict=False):
            for (series,), line in shown.filter(pl.col("task") == task).group_by(["series"], maintain_order=True):
                line = line.sort("mean_length")
                x, y = line["mean_length"].to_numpy(), line["incoherence_unbiased"].to_numpy()
                low = np.nan_to_num(y - line["incoherence_unbiased_ci_low"].cast(pl.Float64).to_numpy(), nan=0.0).clip(
                    0
                )
                high = np.nan_to_num(
                    line["incoherence_unbiased_ci_high"].cast(pl.Float64).to_numpy() - y, nan=0.0
                ).clip(0)
                fit = self.slopes.filter((pl.col("task") == task) & (pl.col("series") == series))
                label = legend_label(series)
                if fit.height:
                    row = fit.row(0, named=True)
                    label += f"  (slope {row['slope']:+.2f}, R² {row['r2']:.2f})"
                    ends = np.array([row["x_low"], row["x_high"]])
                    axis.plot(
                        ends, np.exp(row["intercept"]) * ends ** row["slope"], "--", lw=1.3, color=palette[series]
                    )
                axis.errorbar(
                    x, y, yerr=[low, high], fmt="o", ms=5, lw=0.8, color=palette[series], label=label, alpha=0.75
                )
            axis.set_ylim(_y_domain(shown.filter(pl.col("task") == task)))
            here = shown.filter(pl.col("task") == task)
            x_title, y_title = _axis_titles(here)
            axis.set(title=here["task_label"][0], xscale="log", yscale="log", xlabel=x_title, ylabel=y_title)
            plain_log_ticks(axis.xaxis, axis.yaxis)
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
        for axis in list(axes)[len(tasks) :]:
            axis.remove()
        give_title(picture, "Longer reasoning: more incoherent?", fewer_series, fewer_tasks)
        return picture

    def chart(self) -> alt.TopLevelMixin:  # long: one declaration of a chart
        """The same points and fits, with every number in the tooltip."""
        scale = color_scale(colors(self.shown["series"].to_list()))
        color = alt.Color(
            "series:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=3, labelLimit=400)
        )
        panels: list[Any] = []
        for task in self.shown["task"].unique(maintain_order=True):
            here = self.shown.filter(pl.col("task") == task)
            y_scale = alt.Scale(type="log", nice=False, domain=_y_domain(here))
            x_title, y_title = _axis_titles(here)
            x = alt.X("mean_length:Q", scale=alt.Scale(type="log", nice=False, padding=15), title=x_title)
            y = alt.Y("incoherence_unbiased:Q", scale=y_scale, title=y_title)
            base = alt.Chart(here)
            marks = base.mark_point(filled=True, size=55, opacity=0.9).encode(
                x=x,
                y=y,
                color=color,
                tooltip=[
                    alt.Tooltip("series:N", title="model"),
                    alt.Tooltip("bucket:O"),
                    alt.Tooltip("n_items:Q"),
                    alt.Tooltip("mean_length:Q", format=",.1f", title=LENGTH_LABELS[here["length_axis"][0]]),
                    alt.Tooltip("accuracy:Q", format=".3f"),
                    alt.Tooltip("error:Q", format=".4g"),
                    alt.Tooltip("bias_sq:Q", format=".4g"),
                    alt.Tooltip("variance:Q", format=".4g"),
                    alt.Tooltip("incoherence_unbiased:Q", format=".4f"),
                    alt.Tooltip("incoherence_unbiased_ci_low:Q", format=".4f", title="95 % from"),
                    alt.Tooltip("incoherence_unbiased_ci_high:Q", format=".4f", title="to"),
                ],
            )
            bars = (
                alt.Chart(
                    here.with_columns(
                        drawn_low=cut_to_log_axis(pl.col("incoherence_unbiased_ci_low"), _y_domain(here)[0])
                    )
                )
                .transform_filter("isValid(datum.drawn_low)")
                .mark_rule(opacity=0.35, clip=True)
                .encode(
                    x=x,
                    y=alt.Y("drawn_low:Q", scale=y_scale, title=y_title),
                    y2="incoherence_unbiased_ci_high:Q",
                    color=color,
                )
            )
            layers = [bars, marks]
            ends = _line_ends(self.slopes.filter(pl.col("task") == task))
            if ends.height:
                layers.append(
                    alt.Chart(ends)
                    .mark_line(strokeDash=[5, 4])
                    .encode(
                        x=x,
                        y=y,
                        color=color,
                        tooltip=[
                            alt.Tooltip("series:N", title="model"),
                            alt.Tooltip("slope:Q", format="+.3f"),
                            alt.Tooltip("slope_ci_low:Q", format="+.3f", title="95 % from"),
                            alt.Tooltip("slope_ci_high:Q", format="+.3f", title="to"),
                            alt.Tooltip("r2:Q", format=".3f", title="R²"),
                        ],
                    )
                )
            panels.append(alt.layer(*layers).properties(title=here["task_label"][0], width=380, height=280))
        grid: alt.TopLevelMixin = alt.concat(*panels, columns=2).resolve_scale(x="independent", y="independent")
        return grid


def _axis_titles(here: pl.DataFrame) -> tuple[str, str]:
    """Of the x and the y axis of one task's panel."""
    length = f"mean {LENGTH_LABELS[here['length_axis'][0]]} of a bucket of items"
    return length, f"{measure_label(here, 'incoherence')} = variance / error"


def _y_domain(points: pl.DataFrame) -> list[float]:
    """From below the lowest point to 1, the most that incoherence can be: wide intervals do not squeeze the points."""
    lowest = points["incoherence_unbiased"].filter(points["incoherence_unbiased"] > 0).min()
    return [0.6 * float(lowest) if isinstance(lowest, float) else 0.01, 1.05]


def _line_ends(slopes: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat(
        [
            slopes.with_columns(mean_length=pl.col("x_low").cast(pl.Float64)),
            slopes.with_columns(mean_length=pl.col("x_high").cast(pl.Float64)),
        ]
    )
    return both.with_columns(
        incoherence_unbiased=pl.col("intercept").exp() * pl.col("mean_length").pow(pl.col("slope"))
    )


def _groups(tables: Tables) -> Groups:
    shown = tables[MAIN].filter(pl.col("incoherence_unbiased").is_not_null() & (pl.col("mean_length") > 0))
    points = with_series(main_rows(shown))
    return Groups(points, _slopes(tables[FITS], points))


def _slopes(fits: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """The fitted lines, each from the first to the last of its points."""
    keys = ["task", "model_id", "condition_id", "decomposition", "length_axis"]
    ends = points.group_by([*keys, "series"], maintain_order=True).agg(
        x_low=pl.col("mean_length").min(), x_high=pl.col("mean_length").max()
    )
    fits = fits.filter((pl.col("measure") == "incoherence_unbiased") & pl.col("slope").is_not_null())
    fits = fits.filter(pl.col("n_points") >= FEWEST_FITTED)
    return ends.join(fits.select([*keys, "slope", "slope_ci_low", "slope_ci_high", "intercept", "r2"]), on=keys)


FIGURE = Figure(
    name="incoherence_by_reasoning_length",
    title="Incoherence by reasoning length",
    shows="Items are cut into equal groups by how long a model reasons on them; each point is one group's incoherence.",
    look_for="A rising line means that where the model thinks longer, its errors are less of a kind: more variance, "
    "relatively less bias.",
    tables=(MAIN, FITS),
    needs="Import logs with several epochs per item and token counts: incoherence import LOG.eval",
    picture=_groups,
)
