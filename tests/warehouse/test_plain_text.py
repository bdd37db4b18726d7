"""What a terminal or a spreadsheet would obey is made visible, and nothing else is changed."""

from __future__ import annotations

import csv
import json

import duckdb
import polars as pl
import pytest

from warehouse.figures.dots import Dots
from warehouse.plain_text import for_spreadsheets, harmless, harmless_json

FORMULAS = (
    "=1+1",
    "+A1",
    "-A1",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    " =1",
    "\t=1",
    "\r\n=cmd|' /C calc'!A0",
    "＝1",
)
NO_FORMULAS = ("-5", "+5.5", "-.5", "-5e-3", "a=b", "", "$5", "x@y", "1-2")
ORDERS = ("\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "over\rwritten", "\b\b", "\u202eright to left", "\x00", "\x7f")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_a_text(text: str) -> None:
    (cell,) = for_spreadsheets(pl.DataFrame({"a": [text]}))["a"]
    assert cell == "'" + harmless(text)


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    table = pl.DataFrame({"a": [text, None], "n": [-1.5, None]})
    assert for_spreadsheets(table).equals(table)


@pytest.mark.parametrize("text", ORDERS)
def test_orders_to_a_terminal_are_made_visible(text: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in harmless(text)
    assert harmless(harmless(text)) == harmless(text)
    escaped = harmless_json(json.dumps({"a": text}, ensure_ascii=False))
    assert escaped == harmless(escaped)
    assert json.loads(escaped) == {"a": text}


def test_words_of_any_language_stay() -> None:
    text = "línea 1\n\tдва 三 🦆 e\u0301 \u200d"
    assert harmless(text) == text


def test_rows_are_sorted_without_naming_them_in_an_expression() -> None:
    # A browser's call stack does not hold the expression of some thousand names.
    n = 40
    points = pl.DataFrame({"row": [f"name-{i}" for i in range(n)], "series": "s", "x": 1.0, "low": 0.0, "high": 2.0})
    spec = Dots(title="t", points=points, x_label="x").chart().to_dict()
    assert "name-7" not in json.dumps({key: value for key, value in spec.items() if key != "datasets"})


def test_what_a_cell_cannot_hold_is_a_text() -> None:
    table = duckdb.sql("select [1, null] as list, {'a': '=1'} as record, map {'k': 1e0} as map, 'x'::blob as bytes")
    written = for_spreadsheets(table.pl()).write_csv()
    (row,) = csv.DictReader(written.splitlines())
    assert row == {"list": "[1, null]", "record": '{"a": "=1"}', "map": '{"k": 1.0}', "bytes": "78"}
