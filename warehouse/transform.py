"""From raw Parquet to marts and figures: runs dbt, the one process that writes the build database.

What belongs here: when dbt runs, and what its results mean to a person. What does not: any SQL (`dbt/`) and any copy
for users (`warehouse.publish`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from warehouse import first_build
from warehouse.build_plan import plan_build, pools_told
from warehouse.built_from import Inputs, inputs_of, last_built, remember
from warehouse.dbt_command import dbt_command, spark_command
from warehouse.freshness import code_fingerprint
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.leftovers import sweep
from warehouse.lock import locked
from warehouse.parquet import atomic_path, ensure_empty_files
from warehouse.remote.fetch import fetch, raw_root
from warehouse.secrets import hash_key
from warehouse.tell import Tell, TellStep, silence

_GLOB_CHARACTERS = set("*?[]{}'\"")
"""What a reader of Parquet files would take for a pattern or the end of a string."""

_STEP = re.compile(r"\d+ of (?P<total>\d+) (?P<word>[A-Z-]+) .*?(?P<name>\S+) [ .]*\[")
"""dbt's line about one table or test: `12 of 735 OK created sql view model staging.stg_items ...... [OK in 0.05s]`."""

_BAD_STATUSES = ("error", "fail", "runtime error")

_ENDS_WITHIN_S = 20
"""What an interrupted dbt is given to end by itself."""

_LONG_LOG_BYTES = 10_000_000
"""A build prints some 100 kB."""

OF_DUCKDB_ALONE = ("stg_pool_files", "int_pool_contents")
"""Models by which its builds find the pools that have changed; other engines do not have them."""


class BuildError(RuntimeError):
    """dbt did not finish; the message names what failed and what to do next."""


@dataclass(frozen=True)
class BuildResult:
    """What one run of dbt did.

    Attributes:
        n_models: tables and views built.
        n_tests: data tests (and unit tests, if they were run) that passed.
        seconds: wall-clock time, dbt's start included.
        database: the build database.
        why: what was built anew and why, in a sentence.
    """

    n_models: int
    n_tests: int
    seconds: float
    database: Path
    why: str


def prepare(layout: Layout) -> None:
    """Make the folders and zero-row files without which dbt cannot start, and the key that its hashes are made with.

    Raises:
        BuildError: if the warehouse's path holds a character that a Parquet reader takes for a pattern.
    """
    root = str(layout.root)
    if bad := sorted(_GLOB_CHARACTERS & set(root)):
        raise BuildError(
            f"WAREHOUSE_ROOT {root!r} holds {' '.join(bad)}, which reads as a file pattern; move the warehouse to a "
            "folder without it"
        )
    ensure_empty_files(layout)
    hash_key(layout)  # made later, it would be another input to the next build
    layout.build_database.parent.mkdir(parents=True, exist_ok=True)


def fetch_raw(layout: Layout, progress: TellStep | None = None) -> str:
    """Bring the raw files that `RAW_ROOT` names here, and say what came; nothing where it names none.

    Raises:
        warehouse.remote.store.RemoteError: if they cannot be had as they should be.
        warehouse.lock.LockedError: if another process builds or publishes.
    """
    if raw_root() is None:
        return ""
    with _holding(layout):
        return _fetch(layout, progress)


def _fetch(layout: Layout, progress: TellStep | None = None) -> str:
    address = raw_root()
    return str(fetch(layout, address, progress)) if address else ""


@contextmanager
def building(layout: Layout, *, is_whole: bool, tell: Tell = silence) -> Iterator[None]:
    """Hold the build database while it is written, and mark it as unfinished until the block has succeeded.

    What one build left half-done, a build of other tables does not mend: a mark that was there before goes only with a
    build of everything. So with what the tables were built from: tables built alone, from other files, are forgotten.

    Args:
        layout: the warehouse.
        is_whole: whether every table is built.
        tell: is told what came from `RAW_ROOT`, if anything did.

    Raises:
        warehouse.lock.LockedError: if another process builds or publishes.
        warehouse.remote.store.RemoteError: if raw files of `RAW_ROOT` cannot be had.
    """
    with _holding(layout):
        if came := _fetch(layout):
            tell(came)
        with _writing(layout, inputs_of(layout), is_whole=is_whole):
            yield


@contextmanager
def _holding(layout: Layout) -> Iterator[None]:
    prepare(layout)
    with locked(layout.build_lock, "another build or publish ({holder}) is at work"):
        sweep(layout.root)
        shutil.rmtree(f"{layout.build_database}.tmp", ignore_errors=True)  # DuckDB's own, of a build that was killed
        yield


@contextmanager
def _writing(layout: Layout, inputs: Inputs | None, *, is_whole: bool) -> Iterator[None]:
    mark = layout.unfinished_build
    was_finished, before, began = not mark.exists(), last_built(layout), datetime.now(UTC)
    mark.touch()
    yield
    if is_whole:
        remember(layout, inputs, began)
    elif before and before.inputs != inputs:
        remember(layout, None)
    if is_whole or was_finished:
        mark.unlink()


def build(
    layout: Layout,
    *,
    select: str | None = None,
    full: bool = False,
    unit_tests: bool = False,
    engine: str = "duckdb",
    fetches: bool = True,
    without_dbt: bool = False,
    echo: Tell = silence,
    progress: TellStep | None = None,
) -> BuildResult:
    """Build what has changed since the last build, and run every data test on the way.

    Args:
        layout: the warehouse.
        select: dbt's node selection (`"marts"`, `"+fct_incoherence"`); by default everything that may have changed.
        full: build everything, whether or not anything has changed.
        unit_tests: also run the models' unit tests; they test the project, not the data.
        engine: where the tables are computed, `duckdb` or `spark`. Spark computes all of them, every time; they are
            loaded into the build database, and tested there.
        fetches: bring the raw files that `RAW_ROOT` names here first.
        without_dbt: where nothing was built yet, run the SQL that dbt wrote for another warehouse, if that is kept
            (`warehouse.first_build`): the same tables and tests in a fraction of the time, without dbt's artifacts.
        echo: is called with each line that dbt prints.
        progress: is called when a table or a test is done, with its name, how many are done, and how many there are.

    Raises:
        BuildError: if a model or a test fails, dbt cannot start, or a part is to be built on Spark.
        warehouse.lock.LockedError: if another process builds or publishes.
        warehouse.remote.store.RemoteError: if raw files of `RAW_ROOT` cannot be had.
        warehouse.spark.session.SparkError: if Spark is to build and is not there.
    """
    started = time.monotonic()
    if engine == "spark":
        _check_spark(select)
    follow = _following(progress, echo) if progress else echo
    with _holding(layout):
        came = _fetch(layout, progress) if fetches else ""
        if engine == "spark":
            why, results = _build_on_spark(layout, unit_tests=unit_tests, echo=follow)
        else:
            why, results = _build_changes(
                layout, select=select, full=full, unit_tests=unit_tests, without_dbt=without_dbt, echo=follow
            )
    kinds = Counter(str(result["unique_id"]).split(".", 1)[0] for result in results)
    return BuildResult(
        n_models=kinds["model"],
        n_tests=kinds["test"] + kinds["unit_test"],
        seconds=time.monotonic() - started,
        database=layout.build_database,
        why="; ".join(told for told in (came, why) if told),
    )


def _build_changes(
    layout: Layout, *, select: str | None, full: bool, unit_tests: bool, without_dbt: bool, echo: Tell
) -> tuple[str, list[dict[str, Any]]]:
    # What is planned by is what is remembered: a file that arrives later is new to the next build.
    now = inputs_of(layout)
    plan = plan_build(layout, now, select=select, full=full, unit_tests=unit_tests)
    if plan.arguments is None:
        return plan.why, []
    arguments = ["build", *plan.arguments]
    if not unit_tests:
        arguments += ["--exclude-resource-type", "unit_test"]
    is_first = select is None and not layout.build_database.exists()
    with _writing(layout, now, is_whole=select is None):
        if without_dbt and not unit_tests and first_build.is_possible(layout) and _built_without_dbt(layout, echo):
            return plan.why, [{"unique_id": name} for name in first_build.names_of_nodes()]
        run_dbt(layout, arguments, echo=echo)
    if is_first:
        first_build.keep(layout)
    results = _results(layout.dbt_results)
    return plan.why + pools_told(results), results


def _built_without_dbt(layout: Layout, echo: Tell) -> bool:
    """Whether that succeeded; if not, all is as before, and dbt will say what is wrong."""
    try:
        _run(layout, first_build.command(layout), layout.dbt_results, echo)
    except BuildError:
        layout.build_database.unlink(missing_ok=True)
        layout.build_database.with_name(f"{layout.build_database.name}.wal").unlink(missing_ok=True)
        return False
    return True


def _build_on_spark(layout: Layout, *, unit_tests: bool, echo: Tell) -> tuple[str, list[dict[str, Any]]]:
    """Every table on Spark; then, on the tables that it left, every test, and what only DuckDB's builds need."""
    arguments = ["build", "--select", "resource_type:test", *(["resource_type:unit_test"] if unit_tests else [])]
    # No inputs are remembered: DuckDB does not build on what another engine has left, but everything anew.
    with _writing(layout, None, is_whole=True):
        _run(layout, spark_command(layout), layout.spark_dbt_results, echo)
        results = _results(layout.spark_dbt_results)
        run_dbt(layout, [*arguments, *OF_DUCKDB_ALONE], echo=echo)
    return "everything was built, as always on Spark", results + _results(layout.dbt_results)


def _check_spark(select: str | None) -> None:
    if select:
        raise BuildError(f"Spark builds every table: leave out `--select {select}`, or the engine")
    from warehouse.spark.session import check_installed

    check_installed()


def _following(progress: TellStep, echo: Tell) -> Tell:
    """What tells dbt's lines as progress, and passes them on."""
    n_done = 0

    def follow(line: str) -> None:
        nonlocal n_done
        echo(line)
        if (found := _STEP.search(line)) and found["word"] != "START":
            n_done += 1
            progress(found["name"], n_done, int(found["total"]))

    return follow


def run_dbt(layout: Layout, arguments: Sequence[str], *, echo: Tell = silence) -> None:
    """Run one dbt command on this warehouse, in a process of its own.

    Raises:
        BuildError: if dbt ends with an error.
    """
    results = layout.dbt_results
    results.unlink(missing_ok=True)
    mark, project = layout.dbt_parsed_from, _project()
    if not mark.is_file() or mark.read_text(encoding="utf-8").splitlines()[:1] != [str(DBT_PROJECT_DIR)]:
        # What dbt remembers of a project that lies elsewhere makes it look for the seeds' files there.
        layout.dbt_partial_parse.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)
    _run(layout, [*dbt_command(layout), "--no-use-colors", *arguments], results, echo)
    with atomic_path(mark) as temporary:
        temporary.write_text(project, encoding="utf-8")


def _run(layout: Layout, command: Sequence[str], results: Path, echo: Tell) -> None:
    """Run dbt, and keep what it prints in its log; `results` is where it says what it did."""
    last_lines: deque[str] = deque(maxlen=30)
    with (
        _log(layout) as log,
        subprocess.Popen(
            command,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "DBT_LOG_LEVEL_FILE": "none"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for raw_line in process.stdout:
                line = raw_line.rstrip()
                last_lines.append(line)
                log.write(f"{line}\n")
                echo(line)
        except BaseException:  # also Ctrl-C: left alone, dbt would go on writing the build database
            process.terminate()
            try:
                process.communicate(timeout=_ENDS_WITHIN_S)  # read, or a full pipe would keep it
            except subprocess.TimeoutExpired:  # as where signals are ignored, which is inherited
                process.kill()
            raise
    if process.returncode:
        raise BuildError(_explain(layout, list(last_lines), results))


def _log(layout: Layout) -> TextIO:
    """Where what dbt prints is kept, begun anew when it has grown long."""
    path = layout.dbt_log
    path.parent.mkdir(parents=True, exist_ok=True)
    is_long = path.is_file() and path.stat().st_size > _LONG_LOG_BYTES
    return path.open("w" if is_long else "a", encoding="utf-8")


def manifest(layout: Layout) -> Path:
    """dbt's manifest, parsed anew if the dbt project is another one or has changed since.

    Raises:
        BuildError: if dbt cannot parse the project.
    """
    path, mark = layout.dbt_manifest, layout.dbt_parsed_from
    if not (path.is_file() and mark.is_file() and mark.read_text(encoding="utf-8") == _project()):
        prepare(layout)
        run_dbt(layout, ["parse"])
    return path


def _project() -> str:
    """Which dbt project this is. By content, not by time: another version of the package may bring older files."""
    return f"{DBT_PROJECT_DIR}\n{code_fingerprint(DBT_PROJECT_DIR)}\n"


def _results(path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["results"])
    except (FileNotFoundError, ValueError):  # none, or half of one: the disk was full
        return []


def _explain(layout: Layout, last_lines: Sequence[str], path: Path | None = None) -> str:
    results = _results(path or layout.dbt_results)
    failed = [result for result in results if result["status"] in _BAD_STATUSES]
    if not failed and (full := next((line for line in last_lines if "No space left" in line), None)):
        return f"dbt could not write its files ({full.strip()}); free some space and run the same command again"
    if not failed:
        tail = "\n".join(last_lines[-12:])
        return f"dbt could not run; its last words:\n{tail}\nThe full log is {layout.dbt_log}"
    lines = []
    for result in failed[:5]:
        kind, _, name = str(result["unique_id"]).partition(".")
        message = " ".join(str(result.get("message") or "").split())
        lines.append(f"{kind} {name.removeprefix('incoherence.')}: {message}")
        if kind == "test" and result.get("compiled_code"):
            lines.append(f"  the rows that fail: {_one_line(result['compiled_code'])}")
    if len(failed) > len(lines):
        lines.append(f"... {len(failed) - 5} more")
    skipped = sum(result["status"] == "skipped" for result in results)
    lines.append(
        f"{len(failed)} failed, {skipped} skipped because of it. A failing model is a fault of the project or of its "
        f"settings; a failing test points at rows in {layout.raw}. dbt's full log is in {layout.dbt_log}"
    )
    return "\n".join(lines)


def _one_line(sql: str, limit: int = 400) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= limit else text[:limit] + " …"
