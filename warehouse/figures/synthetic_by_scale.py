"""Synthetic optimizer by scale (paper Fig. 4c, 6): what falls faster with size, bias or variance?"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from matplotlib.figure import Figure as MplFigure
from numpy.typing import NDArray

from warehouse.figures.base import DECOMPOSITION_LABELS, Figure, Tables, color_scale, plain_log_ticks
from warehouse.figures.few import give_title
from warehouse.figures.synthetic import OWN, main_setting

MAIN, FITS = "fig_synthetic_by_scale", "fig_synthetic_by_scale_fits"
MEASURES = (
    ("validation_loss", "validation loss (nats per token)"),
    ("bias_sq", "final bias²"),
    ("variance", "final variance"),
    ("incoherence_unbiased", "final incoherence"),
)
KIND_COLORS = {"per_start": "#4C6EF5", "pooled": "#E8590C"}
RECORDED_COLOR = "#868E96"


def _bars(line: pl.DataFrame, measure: str) -> list[NDArray[np.float64]] | None:
    """How far the interval reaches below and above; a loss has none."""
    if f"{measure}_ci_low" not in line.columns:
        return None
    y, low, high = (line[f"{measure}{end}"].cast(pl.Float64).to_numpy() for end in ("", "_ci_low", "_ci_high"))
    return [np.nan_to_num(y - low).clip(0), np.nan_to_num(high - y).clip(0)]


@dataclass(frozen=True)
class Scales:
    """Each model's numbers at the end of its rollouts, and the power laws fitted to them; `series` tells them apart."""

    shown: pl.DataFrame
    fits: pl.DataFrame

    @property
    def palette(self) -> dict[str, str]:
        """A colour for each series."""
        return {
            kind: KIND_COLORS.get(kind, RECORDED_COLOR) for kind in self.shown["series"].unique(maintain_order=True)
        }

    def draw(self) -> MplFigure:
        """Four log-log panels over the number of parameters, with power-law fits."""
        picture = MplFigure(figsize=(11.5, 3.8), layout="constrained")
        for axis, (measure, label) in zip(picture.subplots(1, len(MEASURES)), MEASURES, strict=True):
            for (kind,), line in self.shown.group_by(["series"], maintain_order=True):
                if measure == "validation_loss" and kind == "pooled":
                    continue  # the loss is the model's, whatever the decomposition
                is_own = line["source"][0] == OWN
                color = "#212529" if measure == "validation_loss" and is_own else self.palette[str(kind)]
                text = "validation loss" if measure == "validation_loss" and is_own else str(kind)
                fit = self._fit(str(kind), measure)
                if fit:
                    x = np.array([line["param_count"].min(), line["param_count"].max()], dtype=float)
                    axis.plot(x, np.exp(fit["intercept"]) * x ** fit["slope"], "--", lw=1.2, color=color)
                    text += f"  (slope {fit['slope']:+.2f})"
                y = line[measure].cast(pl.Float64).to_numpy()
                shape = {"fmt": "o" if is_own else "s", "ms": 6 if is_own else 4, "lw": 1, "color": color}
                axis.errorbar(line["param_count"], y, yerr=_bars(line, measure), label=text, alpha=0.8, **shape)
            if measure == "validation_loss":
                uniform = self.shown["uniform_loss"][0]  # of this warehouse, if it has an experiment
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
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))
        give_title(picture, "Larger imitators of steepest descent")
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same panels with tooltips."""
        panels = []
        for measure, label in MEASURES:
            here = self.shown.filter(pl.col("series") != "pooled") if measure == "validation_loss" else self.shown
            color = alt.Color(
                "series:N", scale=color_scale(self.palette), title=None, legend=alt.Legend(orient="bottom", columns=1)
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
                        alt.Tooltip("series:N"),
                        alt.Tooltip("validation_loss:Q", format=".4f"),
                        alt.Tooltip("bias_sq:Q", format=".4g"),
                        alt.Tooltip("variance:Q", format=".4g"),
                        alt.Tooltip("incoherence_unbiased:Q", format=".4f"),
                    ],
                )
            )
            ends = []
            for (kind,), line in here.group_by(["series"], maintain_order=True):
                fit = self._fit(str(kind), measure)
                if fit:
                    for n in (line["param_count"].min(), line["param_count"].max()):
                        value = float(np.exp(fit["intercept"]) * float(n) ** fit["slope"])  # type: ignore[arg-type]
                        ends.append({"series": kind, "param_count": n, measure: value, "slope": fit["slope"]})
            layers: list[alt.Chart] = []
            if f"{measure}_ci_low" in here.columns:
                above = here.filter(pl.col(f"{measure}_ci_low") > 0)
                bars = alt.Chart(above).mark_rule(opacity=0.6)
                layers.append(bars.encode(x=x, y=alt.Y(f"{measure}_ci_low:Q"), y2=f"{measure}_ci_high:Q", color=color))
            if ends:
                lines = (
                    alt.Chart(pl.DataFrame(ends))
                    .mark_line(strokeDash=[5, 4])
                    .encode(x=x, y=y, color=color, tooltip=["series:N", alt.Tooltip("slope:Q", format="+.3f")])
                )
                layers.append(lines)
            panels.append(alt.layer(*layers, marks).properties(width=170, height=200))
        return alt.hconcat(*panels)

    def _fit(self, kind: str, measure: str) -> dict[str, float] | None:
        rows = self.fits.filter(
            (pl.col("series") == kind) & (pl.col("measure") == measure) & pl.col("slope").is_not_null()
        )
        return rows.row(0, named=True) if rows.height else None


def _scales(tables: Tables) -> Scales:
    table = _with_series(main_setting(tables[MAIN])).sort("source", "param_count", descending=[True, False])
    of_table = ["source", "problem_id", "starts", "temperature"]
    return Scales(table, _with_series(tables[FITS].join(table, on=of_table, how="semi")))


def _with_series(table: pl.DataFrame) -> pl.DataFrame:
    """Add `series`: the decomposition; of the recorded run, whose means are per start, its name."""
    table = table.filter((pl.col("source") == OWN) | (pl.col("decomposition") == "per_start"))
    recorded = pl.format("recorded run ({})", pl.col("profile"))
    return table.with_columns(series=pl.when(pl.col("source") == OWN).then("decomposition").otherwise(recorded))


FIGURE = Figure(
    name="synthetic_by_scale",
    title="Synthetic optimizer: by scale",
    shows="Validation loss of the imitators, and bias², variance and incoherence at the end of their rollouts, over "
    "size; "
    f"{DECOMPOSITION_LABELS['per_start']}; {DECOMPOSITION_LABELS['pooled']}. A point is a model, a size with a seed. "
    "Grey, with a fit of its own: a recorded run that ships with the project, of finer tokens and shorter steps.",
    look_for="Which falls faster with size. In the paper bias² does: larger models learn the right goal sooner than "
    "they learn to pursue it reliably, so their remaining error is more incoherent.",
    tables=(MAIN, FITS),
    needs="Train the optimizers: incoherence run",
    picture=_scales,
)
