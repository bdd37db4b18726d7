"""What computes: dbt, the published file, figures and report."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say
from dagster_project.cli.steps import steps
from warehouse.layout import Layout


class Engine(StrEnum):
    """Where tables are computed."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@app.command()
def build(
    select: Annotated[str | None, typer.Option(help="Build only these dbt models, in dbt's selection syntax.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Build everything, whether or not anything changed.")] = False,
    engine: Annotated[
        Engine, typer.Option(help="Where tables are computed. Spark needs the extra `spark` and Java; docs/spark.md.")
    ] = Engine.DUCKDB,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print every line of dbt.")] = False,
) -> None:
    """Compute with dbt what has changed since the last build, and test it.

    Example: incoherence build
    """
    from warehouse.transform import build as build_models

    layout = Layout.from_env()
    if verbose:
        result = build_models(layout, select=select, full=full, engine=engine.value, echo=say)
    else:
        with steps("Building") as show:
            result = build_models(layout, select=select, full=full, engine=engine.value, progress=show)
    say(result.why)
    say(f"{result.n_models} models built, {result.n_tests} data tests passed in {result.seconds:.0f} s")
    say("Next: incoherence publish && incoherence report")


@app.command()
def publish() -> None:
    """Publish marts and figures: the read-only DuckDB file, and its Parquet and CSV exports.

    Example: incoherence publish
    """
    from warehouse.publish import publish as publish_tables

    result = publish_tables(Layout.from_env())
    say(f"published {len(result.row_counts)} tables to {result.path}")


@app.command()
def report() -> None:
    """Draw the figures and write the HTML report from the published file.

    A figure that cannot be drawn is named at the end, with exit status 1; the others are there.

    Example: incoherence report
    """
    from warehouse.report import make_report

    with steps("Drawing") as show:
        made = make_report(Layout.from_env(), show)
    say(f"pictures in {made.pictures}")
    say(str(made.page))
    if made.faults:
        fail("\n".join(f"{name} could not be drawn: {why}" for name, why in made.faults.items()))
