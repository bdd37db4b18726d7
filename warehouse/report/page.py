"""Build the report from the published file. It shows what the tables hold and computes nothing of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import altair as alt
import duckdb
import jinja2
import polars as pl
import vl_convert

from warehouse.connect import connect
from warehouse.figures import FIGURES, Figure, read_tables
from warehouse.figures.base import DECOMPOSITION_LABELS, main_rows, short_model
from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.parquet import atomic_path

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])

FINDINGS = "from figures.findings"

MODELS = """
    select
        pooled.*,
        models.param_count,
        models.is_simulated,
        conditions.condition_label
    from marts.fct_incoherence as pooled
    left join marts.dim_model as models on pooled.model_id = models.model_id
    left join marts.dim_condition as conditions on pooled.condition_id = conditions.condition_id
    order by pooled.task, models.param_count nulls last, pooled.model_id, pooled.condition_id
"""
"""What the page reads beside the tables of its figures."""

NOTES = {
    "no_ratio": "not a ratio",
    "one_sample_per_item": "one sample per item",
    "no_errors": "nothing went wrong",
    "all_identical": "no answer ever changed",
    "one_item": "one item",
    "too_few_errors": "too few errors",
    "near_ties": "answers too close to call",
    "too_few_contexts": "two contexts",
    "out_of_range": "at the end of its range",
    "no_spread": "all items alike",
}
"""Why an incoherence has no interval, for people (`interval_note`)."""

VERDICTS = {
    "holds": "holds",
    "does_not_hold": "does not hold",
    "negligible": "negligible",
    "cannot_tell": "cannot tell",
}


@dataclass(frozen=True)
class _Section:
    """One figure of the page; `spec` is None while there is no data for it."""

    name: str
    title: str
    shows: str
    look_for: str
    needs: str
    tables: tuple[str, ...]
    spec: dict[str, Any] | None
    fault: str | None


@dataclass(frozen=True)
class Page:
    """The written page.

    Attributes:
        path: of the file.
        faults: by name of the figure, why its chart is not on the page. The rest of the page stands.
    """

    path: Path
    faults: dict[str, str]


def write_page(layout: Layout) -> Page:
    """Write the report of the published warehouse.

    Raises:
        warehouse.connect.NothingPublishedError: if nothing has been published yet.
    """
    sweep(layout.root)
    with connect(layout.published_database) as con:
        sections = [_section(con, figure) for figure in FIGURES]
        findings = con.sql(FINDINGS).pl()
        models = main_rows(con.sql(MODELS).pl())
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            sections=sections,
            specs={section.name: section.spec for section in sections if section.spec is not None},
            findings=_grouped(findings.filter(pl.col("kind") == "finding")),
            checks=_grouped(findings.filter(pl.col("kind") == "sanity_check")),
            verdicts=VERDICTS,
            models=models.to_dicts(),
            decompositions=DECOMPOSITION_LABELS,
            notes=NOTES,
            cut_off=models.filter(pl.col("is_often_cut_off")).to_dicts(),
            has_simulated=bool(models["is_simulated"].any()) if models.height else False,
            bundle=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE_VERSION),
            made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    with atomic_path(layout.report) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return Page(layout.report, {section.name: section.fault for section in sections if section.fault is not None})


def _section(con: duckdb.DuckDBPyConnection, figure: Figure) -> _Section:
    spec, fault = None, None
    try:
        tables = read_tables(con, figure.tables)
        spec = None if figure.is_empty(tables) else _spec(figure.picture(tables).chart())
    except Exception as error:  # whatever it is, the other figures are shown
        fault = reason(error)
    return _Section(figure.name, figure.title, figure.shows, figure.look_for, figure.needs, figure.tables, spec, fault)


def reason(error: Exception) -> str:
    """What went wrong, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]


def _grouped(findings: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"title": title, "rows": rows.to_dicts()}
        for (title,), rows in findings.group_by(["title"], maintain_order=True)
    ]


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    styled: Any = chart
    with alt.data_transformers.enable(max_rows=200_000):
        spec: dict[str, Any] = styled.configure(
            font="Inter, system-ui, sans-serif",
            axis=alt.AxisConfig(gridColor="#E9ECEF", labelColor="#495057", titleColor="#343A40", titleFontWeight=500),
            title=alt.TitleConfig(anchor="start", color="#343A40", fontSize=13),
            view=alt.ViewConfig(stroke=None),
        ).to_dict()
    return spec


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # names come from logs
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short_model"] = short_model
    environment.filters["number"] = lambda value, spec=".3f": "–" if value is None else format(value, spec)
    environment.filters["script_json"] = _script_json
    return environment


def _script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
