"""The application that the modules beside it register their commands with, and what they share."""

from __future__ import annotations

import shutil
import sys
from typing import NoReturn

import typer

app = typer.Typer(
    name="incoherence",
    help="Is a model wrong the same way every time, or differently every time? Decompose repeated runs into bias² and "
    "variance.\n\nEverything lives under $WAREHOUSE_ROOT (default: warehouse/data in a checkout,\n./incoherence-warehouse where the package is installed).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def fail(message: str, status: int = 1) -> NoReturn:
    """End with one line on standard error."""
    typer.echo(f"incoherence: {message}", file=sys.stderr)
    raise SystemExit(status)


def terminal_width() -> int:
    """Columns that a table may take; many where the output goes to a file."""
    return max(shutil.get_terminal_size((200, 24)).columns, 100)
