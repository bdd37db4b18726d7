"""The application that the modules beside it register their commands with, and what they share."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from warehouse.plain_text import harmless

app = typer.Typer(
    name="incoherence",
    help="Is a model wrong the same way every time, or differently every time? Decompose repeated runs into bias² and "
    "variance.\n\nEverything lives under WAREHOUSE_ROOT, set in the environment or in .env (default: warehouse/data in "
    "a checkout, ./incoherence-warehouse where the package is installed).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        say(f"incoherence {version('incoherence-warehouse')}")
        raise typer.Exit


@app.callback()
def _options(
    is_asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None: ...


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text; what names in it would make a terminal do is not done."""
    typer.echo(harmless(text), err=err)


def fail(message: str, status: int = 1) -> NoReturn:
    """End with one line on standard error."""
    say(f"incoherence: {message}", err=True)
    raise SystemExit(status)


def terminal_width() -> int:
    """Columns that a table may take; many where the output goes to a file."""
    return max(shutil.get_terminal_size((200, 24)).columns, 100)
