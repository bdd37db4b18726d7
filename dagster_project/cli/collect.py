"""What brings data in: logs, completions, rollouts."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.app import app, fail, say
from warehouse.layout import Layout

if TYPE_CHECKING:
    from ingestion.logs.importer import ImportSummary

TIME_IS_UP = 75
"""Exit status of a slice of work that is to be called again (EX_TEMPFAIL of BSD); a failure is 1 or 2."""


class LogFormat(StrEnum):
    """Kinds of logs that `import` reads."""

    INSPECT = "inspect"
    LM_EVAL = "lm-eval"
    SWE_BENCH = "swe-bench"
    TABLE = "table"
    SURVEY = "survey"


Logs = Annotated[list[Path], typer.Argument(help="Log files, folders of them, or patterns in quotes.")]
Format = Annotated[
    LogFormat | None, typer.Option("--format", help="Kind of log; told from the file itself if not given.")
]
Mapping = Annotated[Path | None, typer.Option("--mapping", help="Tables: which field is what (docs/importing.md).")]
Scorer = Annotated[
    str | None,
    typer.Option("--scorer", help="Inspect's scorer, or lm-eval's metric, to read instead of the main one."),
]
Scale = Annotated[
    tuple[float, float] | None,
    typer.Option("--scale", metavar="WORST BEST", help="Numbers that it gives, where they are not 0 to 1."),
]
Grades = Annotated[
    list[str] | None, typer.Option("--grade", metavar="A=1", help="What a letter or word that it gives means.")
]


def expect_there(paths: list[Path]) -> None:
    """Fail if one of them is no file, no folder and no pattern that matches one."""
    from ingestion.logs.search import expand

    for path in paths:
        if not all(match.exists() for match in expand(path)):
            fail(f"{path}: no such file or folder, and no pattern that matches one", status=2)


@app.command("import")
def import_(  # long: half of it are the options and the help
    paths: Logs,
    log_format: Format = None,
    mapping: Mapping = None,
    scorer: Scorer = None,
    scale: Scale = None,
    grade: Grades = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Import nothing; say how each file would be understood.")
    ] = False,
    sniff: Annotated[bool, typer.Option("--sniff", help="Import nothing; propose the mapping of a table.")] = False,
) -> None:
    """Import eval logs: Inspect, lm-evaluation-harness, SWE-bench, tables, the survey (docs/importing.md).

    A file that was imported before is skipped. What cannot be read is put into quarantine with the reason, and the rest
    is imported; exit status 1 if a whole file was refused, or if most of one is in quarantine or without a score.

    Example: incoherence import logs/2026-11-23_gpqa.eval more-logs/

    Example: incoherence import 'runs/**/*.csv' --mapping mapping.yaml

    Example: incoherence import judged.eval --scorer quality --scale 1 10
    """
    from contextlib import ExitStack, nullcontext
    from tempfile import TemporaryDirectory

    from ingestion.logs.import_progress import Lines, terminal_bar
    from ingestion.logs.importer import FileReport, import_paths
    from ingestion.logs.records import RefusedFileError
    from ingestion.logs.table.sniff import propose
    from warehouse.arrow import leave_out_pandas

    expect_there(paths)
    if sniff:
        if len(paths) > 1:
            fail("--sniff takes one file", status=2)
        try:
            say(propose(paths[0]).rstrip("\n"))
        except RefusedFileError as error:
            fail(str(error))
        return

    leave_out_pandas()
    lines = Lines()

    def show(file: FileReport) -> None:
        if line := lines.of(file):
            say(line, err=file.outcome == "refused")

    layout = Layout.from_env()
    try:
        with ExitStack() as stack:
            if dry_run:
                layout = Layout(Path(stack.enter_context(TemporaryDirectory())))
            bar = terminal_bar(paths, layout) if sys.stderr.isatty() else nullcontext(show)
            progress = stack.enter_context(bar)
            summary = import_paths(
                paths,
                layout,
                log_format=log_format,
                mapping=mapping,
                scorer=scorer,
                scale=scale,
                grades=grade or [],
                progress=progress,
            )
    except ValueError as error:
        fail(str(error), status=2)
    _say_what_became(summary, dry_run=dry_run)
    if summary.has_refused or summary.n_with_warning:
        raise typer.Exit(1)


def _say_what_became(summary: ImportSummary, *, dry_run: bool) -> None:
    counts = [f"{n:,} {outcome}" for outcome in ("imported", "unchanged", "refused") if (n := summary.count(outcome))]
    if summary.passed_over:
        counts.append(f"{len(summary.passed_over):,} passed over")
    if summary.n_with_warning:
        counts.append(f"{summary.n_with_warning:,} with a WARNING")
    would_be = "would be: " if dry_run else ""
    told = f"{summary.n_samples:,} new samples, {summary.n_quarantined:,} quarantined"
    say(f"{would_be}{', '.join(counts)}; {told}")
    if summary.n_quarantined > summary.count("refused") and not dry_run:
        say("What is quarantined, and why: incoherence status")
    if note := summary.passed_over_note:
        say(note)
    if dry_run:
        say("Nothing was imported: this was --dry-run")
    elif summary.count("imported"):
        say("Next: incoherence build && incoherence publish")


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
        run_spec,
    )
    from ingestion.sampling.drawing.run_progress import terminal_bar

    bar = terminal_bar if sys.stderr.isatty() else None
    try:
        run = run_spec(spec, Layout.from_env(), dry_run=dry_run, report=say, bar=bar)
    except (SpecError, TaskError) as error:
        fail(str(error), status=2)
    except (MissingKeyError, JournalError, SamplingError, EmbeddingError) as error:
        fail(str(error))
    if run is None:
        return
    say("\n".join(run.lines()))
    if why := run.why_missing():
        fail(why)
    say("Next: incoherence build && incoherence publish && incoherence report")


@app.command()
def synthetic(
    profile: Annotated[str, typer.Option(help="quick, laptop or paper (docs/synthetic.md).")],
    device: Annotated[str, typer.Option(help="cpu, or cuda.")] = "cpu",
    max_minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Stop after so long; the same command goes on from there.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Train every size with the seeds 1 to N; those trained before are kept.")
    ] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="torch.compile the training; on a GPU if not given.")
    ] = None,
) -> None:
    """Train and roll out the synthetic optimizers of a profile. Interrupted, it goes on where it stopped.

    Exit status 75 if the time was up before all was done: call again. Under torchrun, processes train together.

    Example: incoherence synthetic --profile laptop --max-minutes 20
    """
    from synthetic.checkpoint import CheckpointError
    from synthetic.config import ConfigError
    from synthetic.machine import Machine, Slice, TimeIsUpError, join_world
    from synthetic.profiles import PROFILES
    from synthetic.run import run_experiment

    if profile not in PROFILES:
        fail(f"--profile {profile}: there are {', '.join(PROFILES)}", status=2)
    if device not in ("cpu", "cuda"):
        fail(f"--device {device}: use cpu or cuda", status=2)
    time_slice = Slice(max_minutes)
    import torch

    from synthetic.training import TrainingDivergedError

    if device == "cuda" and not torch.cuda.is_available():
        fail("--device cuda: PyTorch sees no GPU; use cpu, or install a CUDA build of torch", status=2)
    with join_world(device) as world:
        machine = Machine(world, time_slice, compiled=device == "cuda" if compile_ is None else compile_)
        try:
            config = PROFILES[profile] if seeds is None else PROFILES[profile].with_seeds(seeds)
            run_experiment(config, Layout.from_env(), machine, say)
        except TimeIsUpError as error:
            fail(f"{error}; run the same command again to go on", status=TIME_IS_UP)
        except (CheckpointError, ConfigError, TrainingDivergedError) as error:
            fail(str(error))
        if world.is_first:
            say("Next: incoherence build && incoherence publish && incoherence report")


@app.command("push")
def push_(
    to: Annotated[
        str | None, typer.Argument(metavar="DEST", help="Such as s3://bucket/prefix; by default what RAW_ROOT names.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Also change there what went there or came from there, and was written anew here since."
        ),
    ] = False,
    published: Annotated[bool, typer.Option("--published", help="Push what is published too.")] = False,
) -> None:
    """Copy raw files to an object store, where every warehouse with that RAW_ROOT builds from them.

    What is there is not sent again. A file that is there with other rows is named, and nothing is pushed. Credentials
    come from the provider's own variables or profile.

    Example: incoherence push s3://bucket/prefix
    """
    from dagster_project.cli.steps import steps
    from warehouse.remote.fetch import VARIABLE, raw_root
    from warehouse.remote.published import push_published
    from warehouse.remote.push import push
    from warehouse.remote.store import checked

    address = checked("DEST", to) if to else raw_root()
    if address is None:
        fail(f"say where to: incoherence push s3://bucket/prefix, or set {VARIABLE}", status=2)
    layout = Layout.from_env()
    with steps("Pushing") as show:
        pushed = push(layout, address, replace=replace, progress=show)
    megabytes = f"{pushed.n_bytes / 1e6:,.1f} MB"
    say(f"raw files: {pushed.n_files:,} ({megabytes}) pushed to {address}; {pushed.n_there:,} were there")
    for done, paths in (("written over", pushed.replaced), ("removed there", pushed.deleted)):
        if paths:
            say(f"{done}: {', '.join(paths)}")
    if pushed.removed_here:
        say(
            f"{len(pushed.removed_here)} were removed here since they went, and are there still; `incoherence push "
            f"--replace` removes them there: {', '.join(pushed.removed_here)}"
        )
    if published:
        with steps("Pushing") as show:
            n_files = push_published(layout, address, show)
        say(f"{n_files} published files pushed to {address}/published")


@app.command("merge")
def merge_(other: Annotated[Path, typer.Argument(help="Root of the other warehouse, which is only read.")]) -> None:
    """Take over the raw data of another warehouse: logs that it imported, samples that it drew, what it trained.

    Whichever is merged into the other, the numbers are the same: where both say different things about one sample,
    item, condition or model, nothing is merged and what differs is named. Then build and publish.

    Example: incoherence merge /mnt/lab/second-warehouse
    """
    from warehouse.lock import LockedError
    from warehouse.merge import MergeError, merge

    try:
        merged = merge(Layout.from_env(), Layout(other))
    except (MergeError, LockedError) as error:
        fail(str(error))
    say(
        f"{merged.n_files} raw files taken over, {merged.n_imports} imported logs among them, and {merged.n_responses} "
        f"files of responses; {merged.n_known} were here already"
    )
