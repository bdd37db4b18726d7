"""What computes: dbt, the published file, figures and report."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli.app import app
from warehouse.layout import Layout


@app.command()
def build(
    select: Annotated[str | None, typer.Option(help="Build only these dbt models, in dbt's selection syntax.")] = None,
) -> None:
    """Compute every table with dbt, and test it.

    Example: incoherence build
    """
    from warehouse.transform import build as build_models

    result = build_models(Layout.from_env(), select=select, echo=typer.echo)
    typer.echo(f"{result.n_models} models built, {result.n_tests} data tests passed in {result.seconds:.0f} s")
    typer.echo("Next: incoherence publish && incoherence report")


@app.command()
def publish() -> None:
    """Publish marts and figures: the read-only DuckDB file, and its Parquet and CSV exports.

    Example: incoherence publish
    """
    from warehouse.publish import publish as publish_tables

    result = publish_tables(Layout.from_env(), typer.echo)
    typer.echo(f"published {len(result.row_counts)} tables to {result.path}")


@app.command()
def report() -> None:
    """Draw the figures and write the HTML report from the published file.

    Example: incoherence report
    """
    from warehouse.connect import connect
    from warehouse.figures import FIGURES, draw_figure, read_tables
    from warehouse.report import write_report

    layout = Layout.from_env()
    with connect(layout.published_database) as con:
        for figure in FIGURES:
            png, _ = draw_figure(figure, read_tables(con, figure.tables), layout.figures)
            typer.echo(str(png))
    typer.echo(str(write_report(layout)))
