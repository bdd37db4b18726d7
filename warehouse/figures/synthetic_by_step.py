"""Synthetic optimizer by step (paper Fig. 2d, 26a): incoherence along the rollout, by model size."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import (
    DECOMPOSITION_LABELS,
    Figure,
    Tables,
    color_scale,
    cut_to_log_axis,
    legend_label,
    plain_log_ticks,
)
from warehouse.figures.synthetic import dashed_teacher, main_setting, model_colors

MAIN = "fig_synthetic_by_step"
MEASURES = (
    ("incoherence_unbiased", "incoherence", "linear"),
    ("bias_sq", "bias²", "log"),
    ("variance", "variance", "log"),
)


@dataclass(frozen=True)
class Rollouts:
    """Each model's numbers by step, and the colours of the models."""

    shown: pl.DataFrame
    palette: dict[str, str]

    def draw(self) -> MplFigure:
        """Rows: the two decompositions; columns: incoherence, bias², variance."""
        kinds = self.shown["decomposition"].unique(maintain_order=True).to_list()
        picture = MplFigure(figsize=(11.5, 3.4 * len(kinds)), layout="constrained")
        grid = picture.subplots(len(kinds), len(MEASURES), squeeze=False, sharex=True)
        for row, kind in zip(grid, kinds, strict=True):
            here = self.shown.filter(pl.col("decomposition") == kind)
            for axis, (measure, label, scale) in zip(row, MEASURES, strict=True):
                low = pl.col(f"{measure}_ci_low").cast(pl.Float64)
                if scale == "log":
                    bottom = 0.5 * float(here[measure].filter(here[measure] > 0).min() or 1)  # type: ignore[arg-type]
                    low = cut_to_log_axis(low, bottom)
                for (model, is_teacher), line in here.group_by(["model_id", "is_teacher"], maintain_order=True):
                    axis.plot(
                        line["step"],
                        line[measure].cast(pl.Float64),
                        color=self.palette[str(model)],
                        ls=":" if is_teacher else "-",
                        lw=1.6,
                        label=legend_label(f"{model} (teacher)" if is_teacher else model),
                    )
                    axis.fill_between(
                        line["step"],
                        line.select(low).to_series(),
                        line[f"{measure}_ci_high"].cast(pl.Float64),
                        color=self.palette[str(model)],
                        alpha=0.13,
                        lw=0,
                    )
                axis.set(yscale=scale, ylabel=label)
                if scale == "log":
                    axis.set_ylim(bottom=bottom)
                    plain_log_ticks(axis.yaxis)
            row[0].set_title(DECOMPOSITION_LABELS[kind])
            row[0].set_ylim(-0.02, 1.02)
        for axis in grid[-1]:
            axis.set_xlabel("step")
        handles, labels = grid[0][0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        picture.suptitle("A transformer that imitates steepest descent", x=0.01, ha="left", weight="bold")
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same grid with tooltips; at most 120 steps a line, which the eye cannot tell from all of them."""
        every = max(1, -(-self.shown["step"].n_unique() // 120))
        thinned = self.shown.filter((pl.col("step") % every == 0) | (pl.col("step") == pl.col("step").max()))
        rows = []
        for kind in self.shown["decomposition"].unique(maintain_order=True):
            panels = []
            for measure, label, scale in MEASURES:
                here = thinned.filter((pl.col("decomposition") == kind) & pl.col(measure).is_not_null())
                if scale == "log":
                    here = here.filter(pl.col(measure) > 0)
                panels.append(
                    alt.Chart(here)
                    .mark_line()
                    .encode(
                        x=alt.X("step:Q"),
                        y=alt.Y(f"{measure}:Q", title=label, scale=alt.Scale(type=scale)),  # type: ignore[arg-type]
                        color=alt.Color(
                            "model_id:N",
                            scale=color_scale(self.palette),
                            title=None,
                            legend=alt.Legend(orient="bottom"),
                        ),
                        strokeDash=dashed_teacher(),
                        tooltip=[
                            alt.Tooltip("model_id:N", title="model"),
                            alt.Tooltip("step:Q"),
                            alt.Tooltip("n_points:Q"),
                            alt.Tooltip("error:Q", format=".4g"),
                            alt.Tooltip("bias_sq:Q", format=".4g"),
                            alt.Tooltip("variance:Q", format=".4g"),
                            alt.Tooltip("incoherence_unbiased:Q", format=".4f"),
                            alt.Tooltip(f"{measure}_ci_low:Q", format=".4g", title="95 % from"),
                            alt.Tooltip(f"{measure}_ci_high:Q", format=".4g", title="to"),
                        ],
                    )
                    .properties(
                        width=225,
                        height=190,
                        title=DECOMPOSITION_LABELS[kind] if measure == "incoherence_unbiased" else "",
                    )
                )
            rows.append(alt.hconcat(*panels))
        return alt.vconcat(*rows)


def _rollouts(tables: Tables) -> Rollouts:
    lines = main_setting(tables[MAIN])
    lines = lines.sort(["decomposition", "is_teacher", "param_count", "model_id", "step"], nulls_last=True)
    return Rollouts(lines, model_colors(lines))


FIGURE = Figure(
    name="synthetic_by_step",
    title="Synthetic optimizer: along the rollout",
    shows="Small transformers trained to predict the next step of steepest descent are rolled out from many starts; "
    "error relative to the minimum splits into bias² and variance at each step.",
    look_for="Incoherence that starts near zero and climbs: the longer the model acts, the more its error is scatter "
    "between runs rather than a common offset. The dotted line is the teacher itself from the same starts.",
    tables=(MAIN,),
    needs="Train the optimizers: incoherence run",
    picture=_rollouts,
)
