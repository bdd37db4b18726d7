"""Repeated runs that others have published."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say, terminal_width
from dagster_project.cli.ask import AsJson
from warehouse.layout import Layout

public = typer.Typer(
    name="public",
    help="Repeated runs that others have published: list them, or get and import one to compare yours with.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(public)


@public.command("list")
def list_(as_json: AsJson = False) -> None:
    """What there is: models and design, licence, size; with --json, its page, files and their hashes too.

    Example: incoherence public list
    """
    import polars as pl

    from ingestion.public_runs import catalogue
    from warehouse.table_text import table_text

    sets = catalogue().values()
    if as_json:
        say(json.dumps([asdict(runs) for runs in sets], default=str))
        return
    rows = [
        {"name": runs.name, "design": runs.design, "licence": runs.licence, "MB": round(runs.n_bytes / 1e6, 1)}
        for runs in sets
    ]
    say(table_text(pl.DataFrame(rows), terminal_width()))


@public.command("get")
def get_(name: Annotated[str, typer.Argument(help="A name of `incoherence public list`.")]) -> None:
    """Download one from its makers' page at a fixed commit, check its hash, and import it. Its licence is theirs.

    Example: incoherence public get tau-bench-airline
    """
    from ingestion.logs.import_progress import Lines
    from ingestion.public_runs import PublicRunsError, find, get

    lines = Lines()
    try:
        runs = find(name)
        say(f"{runs.title}: {runs.design} ({runs.licence}, {runs.page})", err=True)
        summaries = get(runs, Layout.from_env(), lambda file: say(lines.of(file) or "", err=True))
    except PublicRunsError as error:
        fail(str(error))
    n_new = sum(summary.n_samples for summary in summaries)
    n_refused = sum(summary.count("refused") for summary in summaries)
    say(f"{n_new:,} new samples of {name}, {sum(summary.n_quarantined for summary in summaries):,} quarantined")
    if n_refused:
        raise typer.Exit(1)
    say("Next: incoherence build && incoherence publish && incoherence report")
