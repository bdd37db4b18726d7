"""Everything at once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dagster_project.cli.app import app, fail, say
from warehouse.layout import Layout


@app.command()
def run(
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="On an empty warehouse, start by sampling the small reasoners.")
    ] = True,
) -> None:
    """Do everything: completions, logs and rollouts to Parquet, dbt, figures, published file, report.

    A second run does only what is new. Nothing that costs money is asked for: see `sample`.

    Example: incoherence run
    """
    from dagster_project.main_job import RunFailedError, run_everything

    try:
        if not run_everything(Layout.from_env(), demo=demo):
            say("nothing new since the last run; what was published stands")
    except RunFailedError as error:
        fail(str(error))
    _say_where(Layout.from_env())


def _say_where(layout: Layout) -> None:
    lines: dict[str, Any] = {
        "published": layout.published_database,
        "figures": layout.figures,
        "report": layout.report,
    }
    say("")
    for name, path in lines.items():
        say(f"{name:>10}  {path}")
    asked = "select verdict, sentence from figures.findings where kind = 'finding'"
    say(f'\nNext: incoherence query "{asked}", incoherence ui, or open the report in a browser.')
