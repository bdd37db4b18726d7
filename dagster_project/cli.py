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


INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


class QueryFormat(StrEnum):
    """How `query` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class LogFormat(StrEnum):
    """Kinds of logs that `import` reads."""

    INSPECT = "inspect"
    LM_EVAL = "lm-eval"
    SWE_BENCH = "swe-bench"
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
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # Typer's word for Ctrl-C
            _fail("interrupted; what was finished is kept, run the same command again", status=INTERRUPTED)
        raise


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
            typer.echo("nothing new since the last run; what was published stands")
    except RunFailedError as error:
        _fail(str(error))
    _say_where(Layout.from_env())


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Log files, folders of them, or patterns in quotes.")],
    log_format: Annotated[
        LogFormat | None, typer.Option("--format", help="Kind of log; told from the file itself if not given.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Tables: which field is what (docs/importing.md).")
    ] = None,
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Inspect logs: which scorer to read, instead of the run's main one.")
    ] = None,
    sniff: Annotated[bool, typer.Option("--sniff", help="Import nothing; propose the mapping of a table.")] = False,
) -> None:
    """Import eval logs: Inspect, lm-evaluation-harness, SWE-bench, tables, the survey (docs/importing.md).

    A file that was imported before is skipped. What cannot be read is put into quarantine with the reason, and the rest
    is imported; exit status 1 if a whole file was refused.

    Example: incoherence import logs/2026-11-23_gpqa.eval more-logs/

    Example: incoherence import 'runs/**/*.csv' --mapping mapping.yaml
    """
    from contextlib import nullcontext

    from ingestion.finding import expand
    from ingestion.import_progress import line_of, terminal_bar
    from ingestion.importing import FileReport, import_paths
    from ingestion.records import RefusedFileError
    from ingestion.table.sniff import propose

    missing = [path for path in paths if not all(match.exists() for match in expand(path))]
    if missing:
        _fail(f"{missing[0]}: no such file or folder, and no pattern that matches one", status=2)

    if sniff:
        if len(paths) > 1:
            _fail("--sniff takes one file", status=2)
        try:
            typer.echo(propose(paths[0]), nl=False)
        except RefusedFileError as error:
            _fail(str(error))
        return

    def show(file: FileReport) -> None:
        if line := line_of(file):
            typer.echo(line, err=file.outcome == "refused")

    layout = Layout.from_env()
    try:
        with terminal_bar(paths, layout) if sys.stderr.isatty() else nullcontext(show) as progress:
            summary = import_paths(
                paths, layout, log_format=log_format, mapping=mapping, scorer=scorer, progress=progress
            )
    except ValueError as error:
        _fail(str(error), status=2)
    counts = [f"{n:,} {outcome}" for outcome in ("imported", "unchanged", "refused") if (n := summary.count(outcome))]
    if summary.passed_over:
        counts.append(f"{len(summary.passed_over):,} passed over")
    typer.echo(f"{', '.join(counts)}; {summary.n_samples:,} new samples, {summary.n_quarantined:,} quarantined")
    if summary.n_quarantined > summary.count("refused"):
        typer.echo("What is quarantined, and why: incoherence status")
    # Results of lm-eval are read with the samples beside them.
    if unknown := [path.name for path in summary.passed_over if not path.name.startswith("results_")]:
        typer.echo(
            f"Passed over: no logs by their content ({unknown[0]} …). If they are tables, incoherence import --sniff "
            "FILE proposes the mapping that they need"
        )
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
        EmbeddingError,
        JournalError,
        MissingKeyError,
        SamplingError,
        SpecError,
        TaskError,
        embed_answers,
        load_spec,
        plan,
    )
    from ingestion.sampling import sample as draw
    from ingestion.sampling.progress import terminal_bar

    layout = Layout.from_env()
    try:
        experiment = load_spec(spec)
        typer.echo("\n".join(plan(experiment, layout).lines()))
        if dry_run:
            return
        if sys.stderr.isatty():
            with terminal_bar() as (watch, report):
                summary = draw(experiment, layout, report=report, watch=watch)
        else:
            summary = draw(experiment, layout, report=typer.echo)
        embedded = embed_answers(experiment, layout, report=typer.echo) if experiment.embeddings else None
    except (SpecError, TaskError) as error:
        _fail(str(error), status=2)
    except (MissingKeyError, JournalError, SamplingError, EmbeddingError) as error:
        _fail(str(error))
    counts = ", ".join(f"{n:,} {status}" for status, n in sorted(summary.n_by_status().items()))
    typer.echo(f"{summary.n_drawn:,} samples drawn, ${summary.cost_usd:.4f}; in the warehouse: {counts or 'none'}")
    if embedded:
        typer.echo(f"{embedded.n_embedded:,} answers embedded with {embedded.embedding_model}")
    if summary.n_missing:
        why = summary.stopped or f"{summary.n_errors:,} ended in an error; run the same command again"
        _fail(f"{summary.n_missing:,} samples are missing: {why}")
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


@app.command("plan")
def plan_samples(
    width: Annotated[float, typer.Option(help="Wanted width of the 95 % interval: upper end minus lower.")] = 0.1,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    decomposition: Annotated[str, typer.Option(help="kl, brier or score.")] = "kl",
) -> None:
    """How many more items, or samples per item, make the interval of incoherence so narrow, and what they cost.

    Reads figures.fig_planner, which says how from the data so far. An empty number of samples: no number is enough.

    Example: incoherence plan --width 0.05 --task gpqa
    """
    from warehouse.connect import connect

    with connect(Layout.from_env().published_database) as con:
        widths = [row[0] for row in con.execute("select distinct wanted_width from figures.fig_planner").fetchall()]
        if width not in widths:
            known = ", ".join(f"{value:g}" for value in sorted(widths)) or "none: too few items so far"
            _fail(
                f"--width {width:g} is not planned for; there are {known}. Add it to planner_widths in "
                "dbt/dbt_project.yml, then: incoherence build && incoherence publish",
                status=2,
            )
        rows = con.sql(
            "select task, model_id, condition_label, round(width, 3) as width, n_more_items as more_items, "
            "n_calls_more_items as calls, round(cost_usd_more_items, 2) as usd, "
            "n_more_samples_per_item as or_more_samples_per_item, n_calls_more_samples as or_calls, "
            "round(cost_usd_more_samples, 2) as or_usd "
            "from figures.fig_planner where wanted_width = ? and decomposition = ? "
            "and task = coalesce(?, task) and model_id = coalesce(?, model_id) order by all",
            params=[width, decomposition, task, model],
        ).pl()
    if rows.is_empty():
        _fail("no such task, model or decomposition; see: incoherence query 'from figures.fig_planner'", status=2)
    from warehouse.table_text import table_text

    typer.echo(table_text(rows, _width()))


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


@app.command("serve-reasoner")
def serve_reasoner(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for any free one.")] = 8711,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Serve only this size; may be given several times.")
    ] = None,
) -> None:
    """Serve the small reasoners on 127.0.0.1 as OpenAI's API does. No key: a client may send any.

    Example: incoherence serve-reasoner --port 8711
    """
    from synthetic.checkpoint import CheckpointError
    from synthetic.reasoner.server import serve

    try:
        serve(port, models, typer.echo)
    except CheckpointError as error:
        _fail(str(error), status=2)
    except OSError as error:
        _fail(f"--port {port}: {error.strerror or error}; choose another")


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
