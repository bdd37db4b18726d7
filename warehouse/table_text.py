"""A query's result as text for a terminal: a table if it fits the width, one block per row if not."""

from __future__ import annotations

from typing import Any

import polars as pl

from warehouse.plain_text import harmless

MAX_ROWS = 200
"""More rows are counted, not shown; CSV and JSON have them all."""


def table_text(table: pl.DataFrame, width: int) -> str:
    """The first rows of a table, texts whole and numbers to six digits, and how many rows there are.

    Args:
        table: any table.
        width: characters of a line. A table that needs more is written as `column  value` lines, a block per row.
    """
    shown = table.head(MAX_ROWS)
    rows = [[_cell(value) for value in row] for row in shown.rows()]
    widths = [max(map(len, cells)) for cells in zip(shown.columns, *rows, strict=True)]
    fits = sum(widths) + 3 * len(widths) + 1 <= width
    text = _grid(shown.columns, rows, widths) if fits else _blocks(shown.columns, rows)
    counted = f"{table.height:,} {'row' if table.height == 1 else 'rows'}"
    if table.height > MAX_ROWS:
        counted += f", the first {MAX_ROWS} of them shown; --format csv prints all"
    return f"{text}\n{counted}"


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else str(value)
    return harmless(" ".join(str(value).split()))


def _grid(columns: list[str], rows: list[list[str]], widths: list[int]) -> str:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cell.ljust(n) for cell, n in zip(cells, widths, strict=True))} |"

    return "\n".join([line(columns), f"|{'|'.join('-' * (n + 2) for n in widths)}|", *map(line, rows)])


def _blocks(columns: list[str], rows: list[list[str]]) -> str:
    margin = max(map(len, columns))
    blocks = (
        "\n".join(f"{name.ljust(margin)}  {cell}" for name, cell in zip(columns, row, strict=True)) for row in rows
    )
    return "\n\n".join(blocks) + "\n" if rows else f"({', '.join(columns)})"
