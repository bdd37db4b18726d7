"""Charts as the page carries them: Vega-Lite specifications apart from their rows, which are columns of few digits."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

import altair as alt
import duckdb

from warehouse.figures import Figure, read_tables
from warehouse.figures.base import KEYS

CHOSEN_BY = (*KEYS, *(f"other_{key}" for key in KEYS))
"""Columns that the page filters by; a chart whose rows lack one is not filtered by it."""

DIGITS = 5
"""Of numbers in a chart; the tables have all."""


@dataclass(frozen=True)
class Section:
    """One figure of the page; `chart` is None while there is no data for it, or where it could not be drawn."""

    figure: Figure
    chart: dict[str, Any] | None
    fault: str | None


def section(con: duckdb.DuckDBPyConnection, figure: Figure) -> Section:
    """Draw a figure of the published file; one that fails says why."""
    try:
        tables = read_tables(con, figure.tables)
        if figure.is_empty(tables):
            return Section(figure, None, None)
        picture = figure.picture(tables)
        chart = packed(
            specification(picture.chart()), greys=getattr(picture, "greys", ()), carried=getattr(picture, "carried", ())
        )
        return Section(figure, chart, None)
    except Exception as error:  # whatever it is, the other figures are shown
        return Section(figure, None, reason(error))


def reason(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
        return (
            "the published file lacks a table or a column of it, as an earlier version made it; run `incoherence "
            "build` and `incoherence publish`, then this again"
        )
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]


def specification(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The Vega-Lite specification, its rows under `datasets`; colours of text and grid are the page's."""
    with alt.data_transformers.enable(max_rows=200_000):
        spec: dict[str, Any] = chart.to_dict()
    spec.pop("config", None)
    return spec


def packed(spec: dict[str, Any], greys: tuple[str, ...] = (), carried: tuple[str, ...] = ()) -> dict[str, Any]:
    """A specification and its rows by column: the columns that it names and those that the page filters by.

    Args:
        spec: from `specification`.
        greys: series that are no data; they are not counted as such.
        carried: columns that the page needs beside those that the chart names.
    """
    rows = spec.pop("datasets", {})
    text = json.dumps(spec)
    data = {name: _columns(table, text, (*CHOSEN_BY, *carried)) for name, table in rows.items()}
    return {"spec": spec, "data": data, "greys": list(greys)}


def _columns(rows: list[dict[str, Any]], text: str, besides: tuple[str, ...]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows[:1] for name in row))
    kept = [name for name in names if name in besides or name in text]
    return {name: _column([row[name] for row in rows]) for name in kept}


def _column(values: list[Any]) -> list[Any] | dict[str, list[Any]]:
    """Numbers of `DIGITS` digits; names, which repeat, as their places in a list."""
    if any(isinstance(value, str) for value in values):
        places = {value: place for place, value in enumerate(dict.fromkeys(values))}
        return {"of": list(places), "at": [places[value] for value in values]}
    return [_rounded(value) for value in values]


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def compressed(value: Any) -> str:
    """JSON, or text as it is, as the base64 of its gzip: a fifth of its size, and without a sign that ends a script."""
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()
