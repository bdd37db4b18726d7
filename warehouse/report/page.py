"""Write the report of the published file. It shows what the tables hold: rows are counted, and nothing is estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import polars as pl
import vl_convert

from warehouse.connect import connect
from warehouse.figures import FIGURES
from warehouse.figures.base import PALETTE, with_telling_conditions
from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.parquet import atomic_path
from warehouse.report import words
from warehouse.report.answer import sentences
from warehouse.report.charts import Section, compressed, section
from warehouse.report.matrix import matrices, open_finding, open_slope
from warehouse.report.pools import WITHIN, Pool, grid, pools, slope_key

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])

MOST_CARDS = 8
"""Of more pools than these the first screen shows a grid."""

MOST_OPEN = 6
"""Sentences of one finding that stand open; more are folded, each behind its task and condition."""

FINDINGS = """
    select findings.*, conditions.condition_label
    from figures.findings as findings
    left join marts.dim_condition as conditions on findings.condition_id = conditions.condition_id
"""

MODELS = """
    with budgets as (
        select condition_id, min(budget_rank) as budget_rank
        from figures.fig_incoherence_by_reasoning_budget
        group by condition_id
    )

    select
        pooled.*,
        models.model_family,
        models.param_count,
        models.is_simulated,
        conditions.condition_label,
        budgets.budget_rank
    from marts.fct_incoherence as pooled
    left join marts.dim_model as models on pooled.model_id = models.model_id
    left join marts.dim_condition as conditions on pooled.condition_id = conditions.condition_id
    left join budgets on pooled.condition_id = budgets.condition_id
    order by
        pooled.task, models.param_count nulls last, pooled.model_id, budgets.budget_rank nulls last, pooled.condition_id
"""

SLOPES = """
    from figures.fig_incoherence_slopes
    where is_headline and fit_scope in ('model', 'all_models') and slope_over in ('reasoning_length', 'within_item')
    order by task, condition_id, slope_over, fit_scope desc, model_id
"""
"""What the page reads beside the tables of its figures."""

QUERIES = (FINDINGS, MODELS, SLOPES)

ASSETS = Path(__file__).parent / "assets"

SCRIPTS = ("data", "filter", "spec", "charts", "tables", "items", "opened", "page")
"""Of `assets`, in the order in which they run."""


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
        sections = [section(con, figure) for figure in FIGURES]
        findings, models, slopes = con.sql(FINDINGS).pl(), con.sql(MODELS).pl(), con.sql(SLOPES).pl()
    page = _environment().get_template("page.html.j2").render(_shown(sections, findings, models, slopes))
    with atomic_path(layout.report) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return Page(layout.report, {each.figure.name: each.fault for each in sections if each.fault is not None})


def _shown(
    sections: Sequence[Section], findings: pl.DataFrame, models: pl.DataFrame, slopes: pl.DataFrame
) -> dict[str, Any]:
    """What the template shows."""
    told = _told(findings)
    slopes = slopes.filter((pl.col("fit_scope") == "model") | (pl.col("slope_over") == WITHIN))
    own = [{**row, "opened": place} for place, row in enumerate(slopes.iter_rows(named=True))]
    shown = pools(models, {slope_key(row): (row["opened"], row["verdict"]) for row in own})
    headline = [row for row in told if row["kind"] == "finding"]
    checks = [row for row in told if row["kind"] == "sanity_check"]
    for place, row in enumerate(headline + checks):
        row["opened"] = len(own) + place
    opened = [open_slope(row) for row in own] + [open_finding(row) for row in headline + checks]
    return {
        "answer": sentences(shown, headline),
        "pools": shown,
        "cards": shown if len(shown) <= MOST_CARDS else [],
        "grid": grid(shown),
        "matrices": matrices(headline, own, shown),
        "opened": opened,
        "told": [("Findings", _by_title(headline)), ("Checks of the machinery", _by_title(checks))],
        "cut_off": [pool for pool in shown if pool.row["is_often_cut_off"]],
        "most_open": MOST_OPEN,
        "filters": _filters(shown),
        "available": [each for each in sections if each.chart or each.fault],
        "missing": [each.figure for each in sections if not each.chart and not each.fault],
        "has_simulated": any(pool.row["is_simulated"] for pool in shown),
        "payload": compressed(
            {
                "colors": PALETTE,
                "charts": {each.figure.name: each.chart for each in sections if each.chart},
                "pools": [_keys(pool) for pool in shown],
                "opened": [asdict(each) for each in opened],
            }
        ),
        "runtime": compressed(
            vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE_VERSION)
        ),
        "style": _asset("style.css"),
        "scripts": "\n".join(_asset(f"{name}.js") for name in SCRIPTS),
        "made_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _told(findings: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of the findings with `condition`, what tells it from the task's others, and `place`, by number."""
    if findings.is_empty():
        return []
    telling = with_telling_conditions(findings)["condition_label"]
    return [
        {**row, "condition": condition or "", "place": place}
        for place, (row, condition) in enumerate(zip(findings.iter_rows(named=True), telling, strict=True))
    ]


def _by_title(told: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    titles: dict[str, list[dict[str, Any]]] = {}
    for row in told:
        titles.setdefault(row["title"], []).append(row)
    return titles


def _keys(pool: Pool) -> dict[str, str | None]:
    """What the filter knows a pool by."""
    return {name: pool.row[name] for name in ("task", "model_family", "model_id", "condition_id")}


def _filters(shown: Sequence[Pool]) -> list[tuple[str, str, dict[str, str]]]:
    """Column, name and choices of each filter that has something to choose from."""
    choices: dict[str, dict[str, str]] = {
        "task": {pool.row["task"]: pool.row["task"] for pool in shown},
        "model_family": {
            pool.row["model_family"]: pool.row["model_family"] for pool in shown if pool.row["model_family"]
        },
        "model_id": {pool.row["model_id"]: pool.model for pool in shown},
        "condition_id": {
            pool.row["condition_id"]: pool.row["condition_label"] or pool.row["condition_id"] for pool in shown
        },
    }
    labels = {"task": "Task", "model_family": "Family", "model_id": "Model", "condition_id": "Condition"}
    return [(column, labels[column], found) for column, found in choices.items() if len(found) > 1]


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,  # names come from logs
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["words"] = words
    return environment
