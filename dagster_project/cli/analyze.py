"""From logs to an opened report in one go."""

from __future__ import annotations

import os
import sys
import webbrowser
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say
from dagster_project.cli.collect import Format, Grades, Logs, Mapping, Scale, Scorer, expect_there
from dagster_project.cli.steps import steps


@app.command()
def analyze(
    logs: Logs,
    log_format: Format = None,
    mapping: Mapping = None,
    scorer: Scorer = None,
    scale: Scale = None,
    grade: Grades = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the report in a browser.")] = False,
) -> None:
    """From logs to a report in the browser: import, build, publish and report, in one go and from any folder.

    Into WAREHOUSE_ROOT where that is set, else into a temporary warehouse, which is named at the end (`incoherence
    report` draws the still pictures there). Exit status 1 if a log was refused, or most of one could not be used; the
    others are analysed all the same. The same in Python, with tables as frames: docs/bi.md.

    Example: incoherence analyze logs/*.eval

    Example: incoherence analyze runs.csv --mapping mapping.yaml --no-open
    """
    from ingestion.analysis import NothingToAnalyzeError, analyze

    expect_there(logs)
    try:
        with steps("Analyzing") as show:
            made = analyze(
                *logs,
                log_format=log_format,
                mapping=mapping,
                scorer=scorer,
                scale=scale,
                grades=grade or [],
                tell=partial(say, err=True),
                progress=show,
            )
    except NothingToAnalyzeError as error:
        fail(str(error))
    except ValueError as error:
        fail(str(error), status=2)
    page = made.report.page
    kept = "temporary; set WAREHOUSE_ROOT to keep one" if made.is_temporary else "WAREHOUSE_ROOT"
    say(f"   report  {page}\nwarehouse  {made.layout.root} ({kept})")
    if not no_open:
        _open(page)
    if faults := made.report.faults:
        fail("\n".join(f"{name} could not be drawn: {why}" for name, why in faults.items()))
    if made.imported.has_refused or made.imported.n_with_warning:
        raise typer.Exit(1)


def _open(page: Path) -> None:
    """In the browser of the desktop; browsers of a terminal are not asked for a page of scripts."""
    has_desktop = sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if not (has_desktop and webbrowser.open(page.as_uri())):
        say("No browser here: open the report in one.")
