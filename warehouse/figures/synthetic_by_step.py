"""Synthetic optimizer by step (paper Fig. 2d, 26a): incoherence along the rollout, by model size."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

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
from warehouse.figures.few import give_title
from warehouse.figures.synthetic import OWN, dashed_teacher, main_setting, over_seeds, size_colors, source_label

MAIN = "fig_synthetic_by_step"
MEASURES = (
    ("incoherence_unbiased", "incoherence", "linear"),
    ("bias_sq", "bias²", "log"),
    ("variance", "variance", "log"),
)


@dataclass(frozen=True)
class Rollouts:
    """Each size's numbers by step in rows of panels, and the colours of the sizes."""

    shown: pl.DataFrame
    palette: dict[str, str]

    def draw(self) -> MplFigure:
        """Rows: sources and decompositions; columns: incoherence, bias², variance."""
        rows = self.shown["row"].unique(maintain_order=True).to_list()
        picture = MplFigure(figsize=(11.5, 3.4 * len(rows)), layout="constrained")
        grid = picture.subplots(len(rows), len(MEASURES), squeeze=False)
        for axes, row in zip(grid, rows, strict=True):
            here = self.shown.filter(pl.col("row") == row)
            for axis, (measure, label, scale) in zip(axes, MEASURES, strict=True):
                low = pl.col(f"{measure}_low")
                if scale == "log":
                    bottom = 0.5 * float(here[measure].filter(here[measure] > 0).min() or 1)  # type: ignore[arg-type]
                    low = cut_to_log_axis(low, bottom)
                for (size, is_teacher), line in here.group_by(["size", "is_teacher"], maintain_order=True):
                    color = self.palette[str(size)]
                    name = legend_label(f"{size} (teacher)" if is_teacher else size)
                    axis.plot(
                        line["step"], line[measure], color=color, ls=":" if is_teacher else "-", lw=1.6, label=name
                    )
                    ends = line.select(low).to_series(), line[f"{measure}_high"]
                    axis.fill_between(line["step"], *ends, color=color, alpha=0.13, lw=0)
                axis.set(yscale=scale, ylabel=label)
                if scale == "log":
                    axis.set_ylim(bottom=bottom)
                    plain_log_ticks(axis.yaxis)
            axes[0].set_title(fill(row, 40), loc="left")
            axes[0].set_ylim(-0.02, 1.02)
        for axis in grid[-1]:
            axis.set_xlabel("step")
        named = {
            label: handle for axes in grid for handle, label in zip(*axes[0].get_legend_handles_labels(), strict=True)
        }
        picture.legend(named.values(), named.keys(), loc="outside lower center", ncols=min(7, len(named)))
        give_title(picture, "A transformer that imitates steepest descent")
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same grid with tooltips; at most 120 steps a line, which the eye cannot tell from all of them."""
        rows = []
        for row in self.shown["row"].unique(maintain_order=True):
            here = self.shown.filter(pl.col("row") == row)
            every = max(1, -(-here["step"].n_unique() // 120))
            here = here.filter((pl.col("step") % every == 0) | (pl.col("step") == pl.col("step").max()))
            rows.append(alt.hconcat(*(self._panel(here, *measure) for measure in MEASURES)).properties(title=row))
        return alt.vconcat(*rows)

    def _panel(self, here: pl.DataFrame, measure: str, label: str, scale: str) -> alt.Chart:
        here = here.filter(pl.col(measure).is_not_null())
        if scale == "log":
            here = here.filter(pl.col(measure) > 0)
        color = alt.Color(
            "size:N", scale=color_scale(self.palette), title=None, legend=alt.Legend(orient="bottom", columns=4)
        )
        tooltip = [
            alt.Tooltip("size:N", title="size"),
            alt.Tooltip("n_seeds:Q", title="seeds"),
            alt.Tooltip("step:Q"),
            alt.Tooltip(f"{measure}:Q", format=".4g", title=label),
            alt.Tooltip(f"{measure}_low:Q", format=".4g", title="from"),
            alt.Tooltip(f"{measure}_high:Q", format=".4g", title="to"),
        ]
        y = alt.Y(f"{measure}:Q", title=label, scale=alt.Scale(type=scale))  # type: ignore[arg-type]
        lines = alt.Chart(here).mark_line()
        encoded = lines.encode(x=alt.X("step:Q"), y=y, color=color, strokeDash=dashed_teacher(), tooltip=tooltip)
        panel: alt.Chart = encoded.properties(width=225, height=190)
        return panel


def _rollouts(tables: Tables) -> Rollouts:
    lines = main_setting(tables[MAIN]).filter((pl.col("source") == OWN) | (pl.col("decomposition") == "per_start"))
    lines = lines.sort(
        ["source", "decomposition", "is_teacher", "param_count", "model_id", "step"],
        descending=[True, False, False, False, False, False],  # this warehouse before the recorded run
        nulls_last=True,
    )
    keys = ["source", "profile", "decomposition", "is_teacher", "step"]
    shown = over_seeds(lines, keys, [measure for measure, _, _ in MEASURES])
    shown = shown.with_columns(
        row=pl.struct("source", "profile", "decomposition").map_elements(
            lambda row: f"{source_label(row['source'], row['profile'])}, {DECOMPOSITION_LABELS[row['decomposition']]}",
            return_dtype=pl.String,
        )
    )
    return Rollouts(shown, size_colors(shown))


FIGURE = Figure(
    name="synthetic_by_step",
    title="Synthetic optimizer: along the rollout",
    shows="Small transformers trained to predict the next step of steepest descent are rolled out from many starts; "
    "error relative to the minimum splits into bias² and variance at each step.",
    look_for="Incoherence that starts near zero and climbs: the longer the model acts, the more its error is scatter "
    "between runs rather than a common offset. The dotted line is the exact optimizer itself from the same starts: "
    "what a size rises above it or stays below it is what learning adds. Of several seeds the line is the median, the "
    "band their range.",
    tables=(MAIN,),
    needs="Train the optimizers: incoherence run",
    picture=_rollouts,
)
