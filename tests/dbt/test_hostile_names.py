"""Names come from logs: in pictures they are text, never markup, whatever they hold."""

from __future__ import annotations

import io
import json
import shutil
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import duckdb
import polars as pl
import pytest
import vl_convert
from matplotlib import rc_context
from matplotlib.figure import Figure as MplFigure
from matplotlib.text import Text

from tests.dbt.conftest import Built
from warehouse.figures import FIGURES, Figure, draw_figure, read_tables
from warehouse.figures.base import Tables
from warehouse.figures.render import STYLE, still
from warehouse.layout import Layout
from warehouse.plain_text import harmless_columns
from warehouse.report import make_report
from warehouse.report import page as report_page
from warehouse.report.charts import specification
from warehouse.report.page import VEGA_LITE_VERSION, write_page

HOSTILE = r"cost_$5_vs_$10 $\boxed{4}$ <b>&</b> [x](y) {{z}} ]]> \n %s" + "\x1b[31m\x9b2J\u202e"
NAMES = ("task", "model_id", "condition_label", "item_id", "answer", "label", "entity_group", "model_family")

WITHOUT_NAMES = {"synthetic_by_scale"}


def hostile(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables with other names in them, as `read_tables` would give them."""
    return {
        name: harmless_columns(
            table.with_columns(
                ("_" + pl.col(column).str.replace("/", "_") + HOSTILE).alias(column)
                for column in NAMES
                if column in table.columns and table[column].dtype == pl.String
            )
        )
        for name, table in tables.items()
    }


def one_of_each_kind(built: Built) -> list[tuple[Figure, Tables]]:
    found: dict[type, tuple[Figure, Tables]] = {}
    for figure in FIGURES:
        tables = read_tables(built.database, figure.tables)
        if not figure.is_empty(tables):
            found.setdefault(type(figure.picture(tables)), (figure, hostile(tables)))
    return list(found.values())


def svg(picture: MplFigure) -> str:
    buffer = io.BytesIO()
    with rc_context(STYLE):
        picture.savefig(buffer, format="svg")
    return "".join(ET.fromstring(buffer.getvalue()).itertext())


def test_names_are_text_in_every_kind_of_picture(built: Built) -> None:
    kinds = one_of_each_kind(built)
    assert len(kinds) >= 8
    for figure, tables in kinds:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the font lacks a sign
            picture = still(figure, tables)
            drawn = svg(picture)
        assert not [text for text in picture.findobj(Text) if text.get_parse_math()], figure.name
        assert figure.name in WITHOUT_NAMES or "$5_vs_$10" in drawn.replace("\n", " "), figure.name
        assert r"\mathdefault" not in drawn, figure.name
        chart = specification(figure.picture(tables).chart())
        assert "$5_vs_$10" in str(vl_convert.vegalite_to_vega(chart, vl_version=VEGA_LITE_VERSION)), figure.name
        picture.draw_without_rendering()
        for label in (label for axes in picture.axes for label in (axes.xaxis.label, axes.yaxis.label)):
            box = label.get_window_extent()
            is_whole = box.x0 >= 0 and box.x1 <= picture.bbox.x1
            assert is_whole or not label.get_text(), (figure.name, label.get_text())
        titles = {title for axes in picture.axes for title in (axes.get_xlabel(), axes.get_ylabel()) if title}
        assert all(json.dumps(title) in json.dumps(chart) for title in titles), (figure.name, titles)


@pytest.fixture
def published(built: Built, tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.published_database.parent.mkdir(parents=True)
    shutil.copy(built.layout.build_database, layout.published_database)
    return layout


def broken(figure: Figure) -> Figure:
    def picture(tables: Tables) -> object:
        raise ValueError("no such\ncolour <script>")

    return Figure(**{**vars(figure), "picture": picture})


def test_a_figure_that_fails_is_named_and_stops_no_other(published: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = (next(figure for figure in FIGURES if figure.name == name) for name in ("survey", "answer_changes"))
    for module in ("warehouse.report.page", "warehouse.report.everything"):
        monkeypatch.setattr(f"{module}.FIGURES", (broken(bad), good))
    told = make_report(published)
    assert told.faults == {"answer_changes": "ValueError: no such colour <script>"}
    pictures = [published.picture("survey", suffix) for suffix in ("png", "svg")]
    assert all(path.exists() for path in pictures)
    page = told.page.read_text(encoding="utf-8")
    assert "This chart could not be drawn: ValueError: no such colour &lt;script&gt;" in page
    assert 'id="survey"' in page

    with duckdb.connect(str(published.published_database)) as con:
        con.execute(f"delete from figures.{good.tables[0]}")
    assert draw_figure(good, published) is None
    assert not any(path.exists() for path in pictures), "a picture of what is no longer there"


def test_names_are_text_on_the_page(published: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_page, "FIGURES", ())
    name = "</script><script>alert(1)</script>"
    monkeypatch.setattr(
        report_page, "MODELS", report_page.MODELS.replace("pooled.*,", f"pooled.* replace ('{name}' as task),")
    )
    page = write_page(published).path.read_text(encoding="utf-8")
    assert name not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
