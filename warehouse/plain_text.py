"""Names and texts come from logs and are never trusted: what a terminal or a spreadsheet would obey is made visible."""

from __future__ import annotations

import json
import re

import polars as pl

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
"""What moves a terminal's cursor, begins an escape sequence, or turns the direction of writing; tab and line feed stay.
XML, and so SVG, has no place for most of them."""

FORMULA = r"^[\s\x00-\x1f\x7f-\x9f\x{fffd}]*[=+\-@＝＋－＠]"
"""How a text begins that a spreadsheet takes for a formula (OWASP, "CSV injection")."""

APOSTROPHE = "'"
"""Before a text, it tells a spreadsheet to take the text as it is."""

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
"""A number is no formula, though it may begin with a sign."""

_CONTROL = re.compile(CONTROL)


def harmless(text: str) -> str:
    """The text with a sign in place of each control character but line feed and tab; lines end as on Unix."""
    return _CONTROL.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def harmless_json(text: str) -> str:
    """The same JSON with every character that `harmless` would replace as an escape."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def harmless_columns(table: pl.DataFrame) -> pl.DataFrame:
    """The table with `harmless` applied to every text."""
    return table.with_columns(
        pl.col(pl.String).str.replace_all("\r\n", "\n", literal=True).str.replace_all(CONTROL, REPLACEMENT)
    )


def for_spreadsheets(table: pl.DataFrame) -> pl.DataFrame:
    """The table with every text `harmless`, and with an apostrophe before one that a spreadsheet would calculate.

    A list, a record or bytes, which a cell cannot hold, become a text: JSON, of bytes their hexadecimal digits.
    """
    text = pl.col(pl.String)
    is_formula = text.str.contains(FORMULA) & ~text.str.contains(NUMBER)
    return harmless_columns(_in_cells(table)).with_columns(
        pl.when(is_formula).then(pl.lit(APOSTROPHE) + text).otherwise(text).name.keep()
    )


def _in_cells(table: pl.DataFrame) -> pl.DataFrame:
    nested = [column for column in table if column.dtype.is_nested()]
    texts = [
        pl.Series(
            column.name,
            [
                None if value is None else json.dumps(value, default=str, ensure_ascii=False)
                for value in column.to_list()
            ],
            pl.String,
        )
        for column in nested
    ]
    return table.with_columns(pl.col(pl.Binary).bin.encode("hex")).with_columns(texts)
