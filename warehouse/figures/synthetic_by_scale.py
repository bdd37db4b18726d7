"""Synthetic optimizer by scale (paper Fig. 4c, 6): what falls faster with size, bias or variance?"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from matplotlib.figure import Figure as MplFigure
from numpy.typing import NDArray

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables, color_scale, plain_log_ticks
from warehouse.figures.synthetic import main_setting

MAIN, FITS = "fig_synthetic_by_scale", "fig_synthetic_by_scale_fits"
MEASURES = (
    ("validation_loss", "validation loss (nats per token)"),
    ("bias_sq", "final bias²"),
    ("variance", "final variance"),
    ("incoherence_unbiased", "final incoherence"),
)
KIND_COLORS = {"per_start": "#4C6EF5", "pooled": "#E8590C"}


def _bars(line: pl.DataFrame, measure: str) -> list[NDArray[np.float64]] | None:
    """How far the interval reaches below and above; a loss has none."""
    if f"{measure}_ci_low" not in line.columns:
        return None
    y, low, high = (line[f"{measure}{end}"].cast(pl.Float64).to_numpy() for end in ("", "_ci_low", "_ci_high"))
    return [np.nan_to_num(y - low).clip(0), np.nan_to_num(high - y).clip(0)]


@dataclass(frozen=True)
class Scales:
    """Each model's numbers at the end of its rollouts, and the power laws fitted to them."""

    shown: pl.DataFrame
    fits: pl.DataFrame

    def draw(self) -> MplFigure:
        """Four log-log panels over the number of parameters, with power-law fits."""
        picture = MplFigure(figsize=(11.5, 3.3), layout="constrained")
        for axis, (measure, label) in zip(picture.subplots(1, len(MEASURES)), MEASURES, strict=True):
            for (kind,), line in self.shown.group_by(["decomposition"], maintain_order=True):
                if measure == "validation_loss" and kind != "per_start":
                    continue  # the loss is the model's, whatever the decomposition
                color = "#495057" if measure == "validation_loss" else KIND_COLORS[str(kind)]
                text = "validation loss" if measure == "validation_loss" else str(kind)
                fit = self._fit(str(kind), measure)
                if fit:
                    x = np.array([line["param_count"].min(), line["param_count"].max()], dtype=float)
                    axis.plot(x, np.exp(fit["intercept"]) * x ** fit["slope"], "--", lw=1.2, color=color)
                    text += f"  (slope {fit['slope']:+.2f})"
                y = line[measure].cast(pl.Float64).to_numpy()
                axis.errorbar(
                    line["param_count"], y, yerr=_bars(line, measure), fmt="o", ms=6, lw=1, color=color, label=text
                )
            if measure == "validation_loss":
                uniform = self.shown["uniform_loss"][0]
                axis.axhline(uniform, color="#868E96", lw=1, ls=":")
                axis.annotate(
                    "uniform guess",
                    (0.98, uniform),
                    xycoords=("axes fraction", "data"),
                    ha="right",
                    va="bottom",
                    fontsize=8,
                )
            axis.set(title=label, xscale="log", yscale="log", xlabel="parameters")
            plain_log_ticks(axis.xaxis, axis.yaxis)
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
        picture.suptitle("Larger imitators of steepest descent", x=0.01, ha="left", weight="bold")
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same panels with tooltips."""
        panels = []
        for measure, label in MEASURES:
            here = (
                self.shown.filter(pl.col("decomposition") == "per_start")
                if measure == "validation_loss"
                else self.shown
            )
            color = alt.Color(
                "decomposition:N", scale=color_scale(KIND_COLORS), title=None, legend=alt.Legend(orient="bottom")
            )
            x = alt.X("param_count:Q", title="parameters", scale=alt.Scale(type="log", nice=False, padding=15))
            y = alt.Y(f"{measure}:Q", title=label, scale=alt.Scale(type="log", nice=False, padding=15))
            marks = (
                alt.Chart(here)
                .mark_point(filled=True, size=80, opacity=1)
                .encode(
                    x=x,
                    y=y,
                    color=color,
                    tooltip=[
                        alt.Tooltip("model_id:N", title="model"),
                        alt.Tooltip("param_count:Q", format=","),
                        alt.Tooltip("decomposition:N"),
                        alt.Tooltip("validation_loss:Q", format=".4f"),
                        alt.Tooltip("bias_sq:Q", format=".4g"),
                        alt.Tooltip("variance:Q", format=".4g"),
                        alt.Tooltip("incoherence_unbiased:Q", format=".4f"),
                    ],
                )
            )
            ends = []
            for kind in here["decomposition"].unique(maintain_order=True):
                fit = self._fit(kind, measure)
                if fit:
                    for n in (here["param_count"].min(), here["param_count"].max()):
                        value = float(np.exp(fit["intercept"]) * float(n) ** fit["slope"])  # type: ignore[arg-type]
                        ends.append({"decomposition": kind, "param_count": n, measure: value, "slope": fit["slope"]})
            layers: list[alt.Chart] = []
            if f"{measure}_ci_low" in here.columns:
                above = here.filter(pl.col(f"{measure}_ci_low") > 0)
                bars = alt.Chart(above).mark_rule(opacity=0.6)
                layers.append(bars.encode(x=x, y=alt.Y(f"{measure}_ci_low:Q"), y2=f"{measure}_ci_high:Q", color=color))
            if ends:
                lines = (
                    alt.Chart(pl.DataFrame(ends))
                    .mark_line(strokeDash=[5, 4])
                    .encode(x=x, y=y, color=color, tooltip=["decomposition:N", alt.Tooltip("slope:Q", format="+.3f")])
                )
                layers.append(lines)
            panels.append(alt.layer(*layers, marks).properties(width=170, height=200))
        return alt.hconcat(*panels)

    def _fit(self, kind: str, measure: str) -> dict[str, float] | None:
        rows = self.fits.filter(
            (pl.col("decomposition") == kind) & (pl.col("measure") == measure) & pl.col("slope").is_not_null()
        )
        return rows.row(0, named=True) if rows.height else None


def _scales(tables: Tables) -> Scales:
    table = main_setting(tables[MAIN]).sort("param_count")
    return Scales(table, tables[FITS].join(table, on=["problem_id", "starts", "temperature"], how="semi"))


FIGURE = Figure(
    name="synthetic_by_scale",
    title="Synthetic optimizer: by scale",
    shows="Validation loss of the imitators, and bias², variance and incoherence at the end of their rollouts, over "
    "size; "
    f"{DECOMPOSITION_LABELS['per_start']}; {DECOMPOSITION_LABELS['pooled']}.",
    look_for="Which falls faster with size. In the paper bias² does: larger models learn the right goal sooner than "
    "they learn to pursue it reliably, so their remaining error is more incoherent.",
    tables=(MAIN, FITS),
    needs="Train the optimizers: incoherence run",
    picture=_scales,
)
