"""The `incoherence` command: a thin layer over the functions that the assets call."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from warehouse.layout import Layout

app = typer.Typer(
    name="incoherence",
    help="Is a model wrong the same way every time, or differently every time? Decompose repeated runs into bias² and "
    "variance.\n\nEverything lives under $WAREHOUSE_ROOT (default: warehouse/data in the project).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


class QueryFormat(StrEnum):
    """How `query` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class LogFormat(StrEnum):
    """Kinds of logs that `import` reads."""

    INSPECT = "inspect"
    LM_EVAL = "lm-eval"
    TABLE = "table"
    SURVEY = "survey"


def main() -> None:
    """Entry point: expected failures end in one clear line and exit status 1."""
    # Imported here, for what they may raise; each is light.
    import duckdb

    from warehouse.connect import NothingPublishedError
    from warehouse.parquet import ContractError
    from warehouse.publish import NothingBuiltError
    from warehouse.transform import BuildError

    try:
        app()
    except (NothingPublishedError, NothingBuiltError, ContractError, BuildError, duckdb.Error) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; what was finished is kept, run the same command again", status=130)


@app.command()
def run(
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="On an empty warehouse, start with the demonstration logs.")
    ] = True,
) -> None:
    """Do everything: completions, logs and rollouts to Parquet, dbt, figures, published file, report.

    A second run does only what is new. Nothing that costs money is asked for: see `sample`.

    Example: incoherence run
    """
    from dagster_project.main_job import RunFailedError, run_everything

    try:
        if not run_everything(Layout.from_env(), demo=demo):
            typer.echo("nothing new since the last run; what was published stands")
    except RunFailedError as error:
        _fail(str(error))
    _say_where(Layout.from_env())


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Log files, or folders of them.")],
    log_format: Annotated[
        LogFormat | None, typer.Option("--format", help="Kind of log; told from the file itself if not given.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Tables: which field is what (docs/importing.md).")
    ] = None,
    sniff: Annotated[bool, typer.Option("--sniff", help="Import nothing; propose the mapping of a table.")] = False,
) -> None:
    """Import eval logs. A file that was imported before is skipped.

    Exit status 1 if a file could not be imported; the others are.

    Example: incoherence import logs/2026-11-23_gpqa.eval more-logs/
    """
    from ingestion.importing import FileReport, import_paths
    from ingestion.records import RefusedFileError
    from ingestion.table_sniff import propose

    missing = [path for path in paths if not path.exists()]
    if missing:
        _fail(f"{missing[0]}: no such file or folder", status=2)

    if sniff:
        try:
            typer.echo(propose(paths[0]), nl=False)
        except RefusedFileError as error:
            _fail(str(error))
        return

    def show(file: FileReport) -> None:
        stream = sys.stderr if file.outcome == "refused" else sys.stdout
        typer.echo(f"{file.path}: {file.message}", file=stream)

    try:
        summary = import_paths(paths, Layout.from_env(), log_format=log_format, mapping=mapping, progress=show)
    except ValueError as error:
        _fail(str(error), status=2)
    counts = [f"{n} {outcome}" for outcome in ("imported", "unchanged", "refused") if (n := summary.count(outcome))]
    if summary.passed_over:
        counts.append(f"{len(summary.passed_over)} passed over (no logs)")
    typer.echo(f"{', '.join(counts)}; {summary.n_samples:,} new samples, {summary.n_quarantined:,} quarantined")
    if summary.count("imported"):
        typer.echo("Next: incoherence build && incoherence publish")
    if summary.has_refused:
        raise typer.Exit(1)


@app.command()
def sample(
    spec: Annotated[Path, typer.Argument(help="The experiment (docs/sampling.md).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask nobody; print calls, tokens and cost.")] = False,
) -> None:
    """Draw the samples of an experiment that are still missing. Interrupted, it goes on where it stopped.

    Keys come from the environment (OPENAI_API_KEY, ANTHROPIC_API_KEY). What was answered is never paid for twice.

    Example: incoherence sample docs/examples/own-items.yaml --dry-run
    """
    from ingestion.sampling import (
        JournalError,
        MissingKeyError,
        SamplingError,
        SpecError,
        TaskError,
        load_spec,
        plan,
    )
    from ingestion.sampling import sample as draw
    from ingestion.sampling.progress import terminal_bar

    layout = Layout.from_env()
    try:
        experiment = load_spec(spec)
        for line in plan(experiment, layout).lines():
            typer.echo(line)
        if dry_run:
            return
        if sys.stderr.isatty():
            with terminal_bar() as watch:
                summary = draw(experiment, layout, watch=watch)
        else:
            summary = draw(experiment, layout, report=typer.echo)
    except (SpecError, TaskError) as error:
        _fail(str(error), status=2)
    except (MissingKeyError, JournalError, SamplingError) as error:
        _fail(str(error))
    counts = ", ".join(f"{n:,} {status}" for status, n in sorted(summary.n_by_status().items()))
    typer.echo(f"{summary.n_drawn:,} samples drawn, ${summary.cost_usd:.4f}; in the warehouse: {counts or 'none'}")
    if summary.stopped or summary.n_missing:
        _fail(f"{summary.n_missing:,} samples are missing ({summary.stopped or 'errors'}); run the same command again")
    typer.echo("Next: incoherence build && incoherence publish && incoherence report")


@app.command()
def synthetic(
    profile: Annotated[str, typer.Option(help="quick, laptop or paper (docs/synthetic.md).")],
    device: Annotated[str, typer.Option(help="cpu, or cuda.")] = "cpu",
    max_minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Stop after so long; the same command goes on from there.")
    ] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="torch.compile the training; on a GPU if not given.")
    ] = None,
) -> None:
    """Train and roll out the synthetic optimizers of a profile. Interrupted, it goes on where it stopped.

    Exit status 1 if something is left to do. Under torchrun, processes train together.

    Example: incoherence synthetic --profile laptop --max-minutes 20
    """
    from synthetic.checkpoint import CheckpointError
    from synthetic.machine import Machine, Slice, TimeIsUpError, join_world
    from synthetic.profiles import PROFILES
    from synthetic.run import run_experiment

    if profile not in PROFILES:
        _fail(f"--profile {profile}: there are {', '.join(PROFILES)}", status=2)
    if device not in ("cpu", "cuda"):
        _fail(f"--device {device}: use cpu or cuda", status=2)
    time_slice = Slice(max_minutes)
    import torch

    from synthetic.training import TrainingDivergedError

    if device == "cuda" and not torch.cuda.is_available():
        _fail("--device cuda: PyTorch sees no GPU; use cpu, or install a CUDA build of torch", status=2)
    with join_world(device) as world:
        machine = Machine(world, time_slice, compiled=device == "cuda" if compile_ is None else compile_)
        try:
            run_experiment(PROFILES[profile], Layout.from_env(), machine, typer.echo)
        except TimeIsUpError as error:
            _fail(f"{error}; run the same command again to go on")
        except (CheckpointError, TrainingDivergedError) as error:
            _fail(str(error))
        if world.is_first:
            typer.echo("Next: incoherence build && incoherence publish && incoherence report")


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


@app.command()
def status() -> None:
    """What is in the warehouse, what is missing, what is quarantined.

    Example: incoherence status
    """
    from warehouse.status import describe

    typer.echo(describe(Layout.from_env()))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the schemas marts and figures.")],
    output: Annotated[QueryFormat, typer.Option("--format", help="How to print the result.")] = QueryFormat.TABLE,
) -> None:
    """Query the published file, read-only.

    Example: incoherence query "from marts.fct_incoherence" --format csv
    """
    from warehouse.connect import connect

    with connect(Layout.from_env().published_database) as con:
        result = con.sql(sql)
        if result is None:
            _fail("the statement returns no rows; write a query, for example: from marts.fct_incoherence")
        table = result.pl()
    if output is QueryFormat.CSV:
        typer.echo(table.write_csv(), nl=False)
    elif output is QueryFormat.JSON:
        typer.echo(table.write_json())
    else:
        from warehouse.table_text import table_text

        typer.echo(table_text(table, _width()))


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Open the Dagster UI on 127.0.0.1, with the runs that `incoherence run` made.

    Example: incoherence ui --port 3001
    """
    from dagster_project.main_job import prepare_instance

    environment = os.environ | prepare_instance(Layout.from_env()) | {"PYTHONWARNINGS": "ignore"}
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster), "dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", str(port)]
    os.execvpe(command[0], command, environment)


def _say_where(layout: Layout) -> None:
    lines: dict[str, Any] = {
        "published": layout.published_database,
        "figures": layout.figures,
        "report": layout.report,
    }
    typer.echo("")
    for name, path in lines.items():
        typer.echo(f"{name:>10}  {path}")
    findings = 'incoherence query "select verdict, sentence from figures.findings"'
    typer.echo(f"\nNext: {findings}, make ui, or open the report in a browser.")


def _width() -> int:
    import shutil

    return max(shutil.get_terminal_size((200, 24)).columns, 100)


def _fail(message: str, status: int = 1) -> NoReturn:
    typer.echo(f"incoherence: {message}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
