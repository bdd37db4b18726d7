"""Synthetic trajectories (paper Fig. 6 left, 26): what a rollout looks like."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables, color_scale, legend_label, plain_log_ticks
from warehouse.figures.few import give_title
from warehouse.figures.synthetic import contours, dashed_teacher, main_setting, size_colors, with_sizes

MAIN = "fig_synthetic_trajectories"


@dataclass(frozen=True)
class Trajectories:
    """Points along each model's way from each start, and the colours of the models."""

    shown: pl.DataFrame
    palette: dict[str, str]

    def draw(self) -> MplFigure:
        """Columns: starting points; above, the way in the plane of the first two coordinates; below, the objective."""
        starts = self.shown["start_id"].unique().sort().to_list()
        picture = MplFigure(figsize=(4.0 * len(starts), 7.0), layout="constrained")
        grid = picture.subplots(2, len(starts), squeeze=False)
        for column, start in enumerate(starts):
            here = self.shown.filter(pl.col("start_id") == start)
            above, below = grid[0][column], grid[1][column]
            _draw_contours(above, here)
            for (model, is_teacher), line in here.group_by(["size", "is_teacher"], maintain_order=True):
                style = {
                    "color": self.palette[str(model)],
                    "ls": ":" if is_teacher else "-",
                    "label": legend_label(f"{model} (teacher)" if is_teacher else model),
                    "lw": 1.3,
                }
                above.plot(line["offset_0"], line["offset_1"], **style)
                below.plot(line["step"], line["objective"].cast(pl.Float64), **style)
            above.set(title=f"starting point {start}", xlabel="x₁ − x*₁", ylabel="x₂ − x*₂")
            below.set(xlabel="step", ylabel="f(x)", yscale="log")
            plain_log_ticks(below.yaxis)
        handles, labels = grid[0][0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=3)
        give_title(picture, "The way to the minimum")
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same with tooltips."""
        columns = []
        for start in self.shown["start_id"].unique().sort():
            here = self.shown.filter(pl.col("start_id") == start)
            color = alt.Color("size:N", scale=color_scale(self.palette), title=None, legend=alt.Legend(orient="bottom"))
            tooltip = [
                alt.Tooltip("size:N", title="model"),
                alt.Tooltip("step:Q"),
                alt.Tooltip("objective:Q", title="f(x)", format=".4g"),
            ]
            base = alt.Chart(here.select("size", "is_teacher", "step", "offset_0", "offset_1", "objective"))
            lines = base.mark_line(strokeWidth=1.5).encode(
                color=color, strokeDash=dashed_teacher(), tooltip=tooltip, order="step:Q"
            )
            way = lines.encode(
                x=alt.X("offset_0:Q", title="x₁ − x*₁", scale=alt.Scale(domain=_domain(here["offset_0"]))),
                y=alt.Y("offset_1:Q", title="x₂ − x*₂", scale=alt.Scale(domain=_domain(here["offset_1"]))),
            )
            rings = pl.concat(
                pl.DataFrame({"ring": [number] * len(ring), "at": range(len(ring)), "x": ring[:, 0], "y": ring[:, 1]})
                for number, ring in enumerate(contours(here.sort("step").row(0, named=True)))
            )
            ellipses = (
                alt.Chart(rings)
                .mark_line(color="#CED4DA", strokeWidth=0.8, clip=True)
                .encode(x="x:Q", y="y:Q", detail="ring:N", order="at:Q")
            )
            falling = base.transform_filter("datum.objective > 0").mark_line(strokeWidth=1.5)
            objective = falling.encode(
                x="step:Q",
                y=alt.Y("objective:Q", title="f(x)", scale=alt.Scale(type="log")),
                color=color,
                strokeDash=dashed_teacher(),
                tooltip=tooltip,
            )
            size = {"width": 240, "height": 220}
            over = alt.layer(ellipses, way).properties(title=f"starting point {start}", **size)
            columns.append(alt.vconcat(over, objective.properties(**size)))
        return alt.hconcat(*columns)


def _draw_contours(axis: Axes, here: pl.DataFrame) -> None:
    for ellipse in contours(here.sort("step").row(0, named=True)):
        axis.plot(ellipse[:, 0], ellipse[:, 1], color="#CED4DA", lw=0.8)
    axis.plot(0, 0, "+", color="#495057", ms=8)
    # The ways decide what is seen, not the far ends of a long valley.
    axis.set(xlim=_domain(here["offset_0"]), ylim=_domain(here["offset_1"]))


def _domain(values: pl.Series) -> list[float]:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))  # type: ignore[arg-type]
    margin = 0.12 * (high - low) + 1e-9
    return [low - margin, high + margin]


def _trajectories(tables: Tables) -> Trajectories:
    """At most 160 steps a line; of several seeds the first."""
    first = (pl.col("seed") == pl.col("seed").min().over("problem_id")) | pl.col("seed").is_null()
    table = with_sizes(main_setting(tables[MAIN]).filter(first))
    table = table.sort("is_teacher", "param_count", "size", "step", nulls_last=True)
    every = max(1, -(-table["step"].n_unique() // 160))
    thinned = table.filter((pl.col("step") % every == 0) | (pl.col("step") == pl.col("step").max()))
    return Trajectories(thinned, size_colors(table))


FIGURE = Figure(
    name="synthetic_trajectories",
    title="Synthetic optimizer: trajectories",
    shows="Rollouts from a few starting points, for each model and for steepest descent itself: above, the way among "
    "the contours of f over the first two coordinates (all others at the minimum), below, the objective by step.",
    look_for="Where a model leaves the teacher's path, and whether it settles above the minimum or wanders.",
    tables=(MAIN,),
    needs="Train the optimizers: incoherence run",
    picture=_trajectories,
)
