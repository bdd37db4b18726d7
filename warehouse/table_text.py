"""A query's result as text for a terminal: a table if it fits the width, one block per row if not."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warehouse.plain_text import harmless

WIDEST = 100_000
"""Characters of a line; whoever prints it chooses blocks for what does not fit."""

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
    grid = _grid(shown.columns, rows)
    text = grid if cell_len(grid.partition("\n")[0]) <= width else _blocks(shown.columns, rows)
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


def _grid(columns: list[str], rows: list[list[str]]) -> str:
    table = Table(box=box.MARKDOWN)
    for column in columns:
        table.add_column(Text(column), no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=WIDEST, color_system=None)
    with console.capture() as written:
        console.print(table)
    return "\n".join(line.rstrip() for line in written.get().splitlines() if line.strip())


def _blocks(columns: list[str], rows: list[list[str]]) -> str:
    margin = max(map(len, columns))
    blocks = (
        "\n".join(f"{name.ljust(margin)}  {cell}" for name, cell in zip(columns, row, strict=True)) for row in rows
    )
    return "\n\n".join(blocks) + "\n" if rows else f"({', '.join(columns)})"
