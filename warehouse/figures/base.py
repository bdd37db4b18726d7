"""What a figure is, and the small vocabulary that all of them share: labels, colours, empty states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import altair as alt
import duckdb
import numpy as np
import polars as pl
from matplotlib.axis import Axis
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from warehouse.plain_text import harmless_columns

Tables = Mapping[str, pl.DataFrame]
"""Table name without schema → its rows."""

PALETTE = ("#6060F0", "#F06018", "#30A860", "#A81890", "#606048", "#C078A8", "#C00000", "#A878D8")
"""Told apart by colour-blind readers too, all pairs, on white and on dark; it repeats after eight."""

TEACHER_COLOR = "#868E96"

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

PART = " · "
"""Between the settings of a condition's label."""

FEWEST_FITTED = 4
"""Points that a drawn fit takes: two lie on a line whatever they say. The tables have all."""

DECOMPOSITION_LABELS = {
    "kl": "KL",
    "brier": "Brier",
    "zero_one": "zero-one",
    "coverage": "unit tests",
    "score": "score",
    "embedding": "embedding",
    "per_start": "per start: mean over replicates of one start",
    "pooled": "pooled: mean over all starts",
}

KEYS = ("task", "model_family", "model_id", "condition_id")
"""What the rows of a chart may be chosen by."""

LENGTH_LABELS = {
    "reasoning_tokens": "reasoning tokens",
    "output_tokens": "output tokens",
    "actions": "actions",
}


class Picture(Protocol):
    """What a figure draws, twice over: still and interactive. `Lines` and `Dots` serve most figures."""

    @property
    def shown(self) -> pl.DataFrame:
        """The rows that are drawn; without any, there is nothing to draw."""
        ...

    def draw(self) -> MplFigure:
        """The still one."""
        ...

    def chart(self) -> alt.TopLevelMixin:
        """The same with tooltips."""
        ...


@dataclass(frozen=True)
class Figure:
    """One figure of the study.

    Attributes:
        name: the paper's word for it; file name of the pictures, and `fig_<name>` is its main table.
        title: for people.
        shows: one sentence: what it shows.
        look_for: one sentence: what to look for.
        tables: the tables of schema `figures` that it reads; the main one first.
        needs: what to do when there is nothing to draw.
        picture: what is drawn of the tables; called only with a non-empty main table.
    """

    name: str
    title: str
    shows: str
    look_for: str
    tables: tuple[str, ...]
    needs: str
    picture: Callable[[Tables], Picture]

    def is_empty(self, tables: Tables) -> bool:
        """Whether there is nothing to draw."""
        return tables[self.tables[0]].is_empty() or self.picture(tables).shown.is_empty()


def read_tables(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Read tables of schema `figures` by name; control characters, for which SVG has no place, are replaced.

    Raises:
        duckdb.CatalogException: if one does not exist.
    """
    return {name: harmless_columns(con.sql(f'from figures."{name}"').pl()) for name in names}


def short_model(model_id: str) -> str:
    """A model's name without its provider, for labels."""
    return model_id.rsplit("/", 1)[-1]


def with_telling_conditions(table: pl.DataFrame) -> pl.DataFrame:
    """Keep `condition_label` where the table has several conditions of a task; empty where none needs telling."""
    is_one_of_several = pl.col("condition_id").n_unique().over("task") > 1
    return table.with_columns(condition_label=pl.when(is_one_of_several).then("condition_label").fill_null(""))


def with_series(table: pl.DataFrame, order: str = "param_count") -> pl.DataFrame:
    """Add `series`: model, and what tells its condition from the task's others; ordered by model size, then name."""
    label = pl.col("model_id").map_elements(short_model, return_dtype=pl.String)
    condition = pl.when(pl.col("condition_label") != "").then(PART + pl.col("condition_label"))
    simulated = pl.when(pl.col("is_simulated")).then(pl.lit(" (simulated)"))
    return (
        with_telling_conditions(table)
        .with_columns(series=label + condition.otherwise(pl.lit("")) + simulated.otherwise(pl.lit("")))
        .sort(["task", order, "model_id", "condition_id"], nulls_last=True)
    )


def main_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows by each pool's main decomposition and main length axis, where the table has several: the tables say
    which these are.

    `task_label` is the task, with the decomposition if that is not KL.
    """
    marks = [name for name in ("is_main_decomposition", "is_main_length_axis") if name in table.columns]
    shown = table.filter(*marks)
    if "decomposition" not in table.columns:
        return shown.with_columns(task_label="task")
    named = pl.col("task") + " (" + pl.col("decomposition").replace(DECOMPOSITION_LABELS) + ")"
    return shown.with_columns(task_label=pl.when(pl.col("decomposition") == "kl").then(pl.col("task")).otherwise(named))


def measure_label(shown: pl.DataFrame, measure: str) -> str:
    """An axis title for what `main_rows` has kept: `KL incoherence`; without the KL where there is another."""
    return f"KL {measure}" if (shown["decomposition"] == "kl").all() else measure


def cut_to_log_axis(low: pl.Expr, bottom: float) -> pl.Expr:
    """Lower ends of intervals as a logarithmic axis can show them: those at or below 0 reach to its bottom."""
    return pl.when(low > 0).then(low).when(low.is_not_null()).then(bottom)


def plain_log_ticks(*axes: Axis) -> None:
    """Label a logarithmic axis 1, 2, 5, 10, … in plain numbers; one that spans many decades in powers of ten.

    Never as matplotlib does, which is in its markup: names may hold that too, so no text of a picture is read as such.
    """
    for axis in axes:
        low, high = axis.get_view_interval()
        if high > 300 * low:
            axis.set_major_formatter(FuncFormatter(lambda value, _: _power_of_ten(value)))
        else:
            axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())


def _power_of_ten(value: float) -> str:
    exponent = round(float(np.log10(value)))
    return f"10{str(exponent).translate(SUPERSCRIPTS)}" if np.isclose(value, 10.0**exponent) else f"{value:.3g}"


def legend_label(name: Any) -> str:
    """A name as a legend shows it: matplotlib leaves out names that begin with an underscore."""
    return f"\u200b{name}" if str(name).startswith("_") else str(name)


def by_row(table: pl.DataFrame) -> pl.DataFrame:
    """Add `row_order`: the place of each `row` by first appearance.

    Vega-Lite turns a sort by a list of names into one nested expression, which from about a thousand names on exceeds
    a browser's call stack; a sort by a column does not.
    """
    rows = table.select("row").unique(maintain_order=True).with_row_index("row_order")
    return table.join(rows, on="row", how="left", nulls_equal=True, maintain_order="left")


ROW_ORDER = alt.EncodingSortField(field="row_order", op="min")
"""Rows as `by_row` has counted them."""


def colors(names: Sequence[Any]) -> dict[Any, str]:
    """A colour for each name, in order of first appearance."""
    unique = list(dict.fromkeys(names))
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(unique)}


def color_scale(mapping: Mapping[Any, str]) -> alt.Scale:
    """The same colours for Altair."""
    return alt.Scale(domain=list(mapping), range=list(mapping.values()))
