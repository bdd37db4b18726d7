"""How much a still picture shows: the first series, rows and panels. The rest is in the tables; the picture says so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure as MplFigure

MOST_SERIES = 8
"""More colours than these are not told apart."""

TALLEST_IN = 14.5
"""Of a picture, in inches: 2,320 pixels."""

_LETTERS_PER_INCH = 10
"""Of the house style's bold titles; wide ones among them take room."""


def few(
    table: pl.DataFrame, column: str, most: int, words: str, besides: Sequence[str] = ()
) -> tuple[pl.DataFrame, str]:
    """The rows of the first names in a column.

    Args:
        table: what would be drawn, in drawing order.
        column: whose names are counted.
        most: names that are kept.
        words: what they are called, in the plural.
        besides: names that are kept too, and not counted.

    Returns:
        The rows, and `8 of 50 lines` if any are left out, else nothing.
    """
    names = [name for name in table[column].unique(maintain_order=True) if name not in besides]
    if len(names) <= most:
        return table, ""
    return table.filter(pl.col(column).is_in([*names[:most], *besides])), f"{most} of {len(names)} {words}"


def give_title(picture: MplFigure, title: str, *left_out: str) -> None:
    """Write above a picture what it is and what it leaves out, in as many lines as its width asks for."""
    told = [words for words in left_out if words]
    text = f"{title} ({', '.join(told)}; all are in the table)" if told else title
    lines = textwrap.fill(text, int(picture.get_figwidth() * _LETTERS_PER_INCH))
    picture.suptitle(lines, x=0.01, ha="left", weight="bold")
