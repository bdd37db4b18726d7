"""Importing logs of any known kind into the raw layer: the one door for the command line and for Dagster.

Incremental and idempotent: a file is known by its content (SHA-256), a known file is not written again, and a killed
import is simply done again: its rows count only once the `imports` row is there, which is written last, and all file
names follow from the content. Files are read in parallel where that is worth it; the ledger (`imports`) has one writer,
in the files' order, which numbers them: of two copies of a sample the one that was imported last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.logs.formats import choose, detect
from ingestion.logs.import_file import Source, Written, hash_file, name_hash, name_of, refuse, source_of
from ingestion.logs.records import LogFormat, RefusedFileError
from ingestion.logs.score_options import ScoreOptions, score_options
from ingestion.logs.search import Problem, Search
from ingestion.logs.workers import read_all
from ingestion.logs.written_files import WrittenFiles
from ingestion.text import clip
from warehouse.layout import Layout
from warehouse.leftovers import sweep
from warehouse.parquet import ensure_empty_files, write_partition


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    Attributes:
        path: the file as it was given.
        outcome: `imported`, `unchanged` (already there) or `refused`.
        n_samples: samples in the warehouse from this file, by this import.
        n_quarantined: parts of it that could not be read.
        run_status: how its run ended; None if refused.
        message: one line for people: what happened and, if something is wrong, what to do.
        has_warning: whether most of it is in quarantine or without a score; the message begins with it.
        understood: how it was understood, as pairs of a word and what it is in this file.
    """

    path: Path
    outcome: str
    n_samples: int
    n_quarantined: int
    run_status: str | None
    message: str
    has_warning: bool = False
    understood: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ImportSummary:
    """What became of a batch.

    Attributes:
        reports: one for each file, in the order in which they were taken up.
        passed_over: files of folders that are plainly no logs.
    """

    reports: tuple[FileReport, ...]
    passed_over: tuple[Path, ...]

    def count(self, outcome: str) -> int:
        """How many files had this outcome."""
        return sum(report.outcome == outcome for report in self.reports)

    @property
    def n_samples(self) -> int:
        """Samples imported by this batch."""
        return sum(report.n_samples for report in self.reports if report.outcome == "imported")

    @property
    def n_quarantined(self) -> int:
        """Parts of files, and whole files, that could not be read."""
        return sum(report.n_quarantined for report in self.reports)

    @property
    def has_refused(self) -> bool:
        """Whether any file was refused."""
        return self.count("refused") > 0

    @property
    def n_with_warning(self) -> int:
        """Files of which most is in quarantine or without a score."""
        return sum(report.has_warning for report in self.reports)

    @property
    def passed_over_note(self) -> str | None:
        """What to do about the files that were passed over and may be tables; None if there are none."""
        # Results of lm-eval are read with the samples beside them.
        unknown = [path.name for path in self.passed_over if not path.name.startswith("results")]
        if not unknown:
            return None
        return (
            f"Passed over: no logs by their content ({unknown[0]} …). If they are tables, incoherence import --sniff "
            "FILE proposes the mapping that they need"
        )


def import_paths(
    paths: Sequence[Path],
    layout: Layout,
    *,
    log_format: str | None = None,
    mapping: Path | None = None,
    scorer: str | None = None,
    scale: tuple[float, float] | None = None,
    grades: Sequence[str] = (),
    n_workers: int | None = None,
    progress: Callable[[FileReport], None] | None = None,
) -> ImportSummary:
    """Import files and folders of logs; each file on its own, so that a bad one never stops the batch.

    Args:
        paths: files, folders to search through, and patterns (`ingestion.logs.search`).
        layout: the warehouse.
        log_format: the kind of all files (`inspect`); by default each file's first bytes decide.
        mapping: the mapping file of all files, which are tables then.
        scorer: which scorer of Inspect logs, or metric of lm-eval's, to read; by default each run's main one.
        scale: the worst and the best number that it gives; by default 0 and 1.
        grades: what its letters and words mean, as `A=1`.
        n_workers: processes that read files at the same time; by default the machine's cores, and none for little work.
        progress: called after each file, in their order.

    Raises:
        ValueError: if `log_format` names no known kind, the mapping is not valid, or what is said of scores
            does not go with them.
        OSError: if the warehouse cannot be written.
    """
    options = score_options(scorer, scale, grades)
    chosen = choose(log_format, mapping, options)
    sweep(layout.root)
    ensure_empty_files(layout)
    search = Search(paths, layout.root, chosen)
    reports: list[FileReport] = []
    for report in _Batch(layout, chosen, options).run(search, n_workers):
        reports.append(report)
        if progress:
            progress(report)
    return ImportSummary(tuple(reports), tuple(search.passed_over))


@dataclass(frozen=True)
class _Copy:
    """A file with the content of an earlier one of the batch, which may still be being read."""

    path: Path
    import_id: str


class _Batch:
    """One call of `import_paths`."""

    def __init__(self, layout: Layout, chosen: LogFormat | None, options: ScoreOptions) -> None:
        self._options = options
        self._layout = layout
        self._chosen = chosen
        self._written = WrittenFiles(layout)
        self._taken: set[str] = set()
        self._refused: dict[str, str] = {}
        self._last_number: int | None = None

    def run(self, files: Iterable[tuple[Path, Problem]], n_workers: int | None) -> Iterator[FileReport]:
        """What became of each file, in their order."""
        results: Iterator[tuple[Source | FileReport | _Copy, Written]]
        results = read_all(self._plans(files), self._layout, n_workers)
        for plan, result in results:
            if isinstance(plan, Source):
                yield self._finish(plan, result)
            else:
                yield self._as_the_first(plan) if isinstance(plan, _Copy) else plan

    def _plans(self, files: Iterable[tuple[Path, Problem]]) -> Iterator[Source | FileReport | _Copy]:
        return (self._plan(path, problem) for path, problem in files)

    def _as_the_first(self, copy: _Copy) -> FileReport:
        known = _known_import(self._layout, copy.import_id)
        if known is None:
            return FileReport(copy.path, "refused", 0, 1, None, self._refused[copy.import_id])
        return FileReport(copy.path, "unchanged", 0, 0, known["run_status"], "already imported")

    def _plan(self, path: Path, problem: Problem) -> Source | FileReport | _Copy:
        """What is to be read, or the report of a file that is not."""
        if problem:  # there is nothing that could lie in quarantine
            return FileReport(path, "refused", 0, 0, None, problem)
        try:
            source = self._source(path)
        except RefusedFileError as error:
            refused = refuse(path, _id_of(path), str(error), self._layout, datetime.now(UTC))
            self._remove(self._written.refusals(path) - refused.files)
            return FileReport(path, "refused", 0, 1, None, refused.first_unreadable)
        reader = source.reader
        known = _known_import(self._layout, source.import_id)
        if source.import_id in self._taken:
            return _Copy(path, source.import_id)
        if known is not None and known["source"] == reader.name and reader.is_current(known["reader_version"]):
            self._remove(self._written.refusals(path, source.import_id))
            return FileReport(path, "unchanged", 0, 0, known["run_status"], "already imported")
        self._taken.add(source.import_id)
        return source

    def _source(self, path: Path) -> Source:
        try:
            return source_of(path, self._chosen or detect(path, self._options), datetime.now(UTC))
        except RefusedFileError:
            raise
        except Exception as error:  # a batch outlives whatever a file provokes
            raise RefusedFileError(f"cannot be read: {type(error).__name__}: {error}") from error

    def _finish(self, source: Source, result: Written) -> FileReport:
        if result.run is None:
            self._refused[source.import_id] = result.first_unreadable
            self._remove(self._written.refusals(source.path) - result.files)
            return FileReport(source.path, "refused", 0, result.n_unreadable, None, result.first_unreadable)
        # A newer reader may file the same samples elsewhere, and what was refused once may be readable now.
        self._remove(self._written.of_import(source) - result.files)
        run = result.run
        self._last_number = 1 + (self._written.last_number() if self._last_number is None else self._last_number)
        row = {
            "import_id": source.import_id,
            "file_name": name_of(source.path),
            "file_sha256": source.sha256,
            "file_bytes": source.n_bytes,
            "source": source.reader.name,
            "reader_version": source.reader.reader_version,
            "run_id": run.run_id,
            "run_status": run.run_status,
            "task": run.task,
            "model_id": run.model_id,
            "n_samples": result.n_samples,
            "n_quarantined": result.n_unreadable,
            "n_unscored": result.n_unscored,
            "is_judged": result.is_judged,
            "notices": "\n".join(clip(notice.replace("\n", " "), 1_000) for notice in result.notices) or None,
            "tool_version": run.tool_version,
            "import_number": self._last_number,
            "ingested_at": source.now,
        }
        write_partition(self._layout, "imports", [row], file_stem=source.import_id)
        return FileReport(
            source.path,
            "imported",
            result.n_samples,
            result.n_unreadable,
            run.run_status,
            _message(result),
            has_warning=bool(result.warning),
            understood=result.understood,
        )

    def _remove(self, stale: Iterable[Path]) -> None:
        for path in stale:
            path.unlink(missing_ok=True)


def _id_of(path: Path) -> str:
    """What a refused file is known by: its content, or its name where that cannot be read."""
    try:
        return hash_file(path)[:16]
    except RefusedFileError:
        return name_hash(path)[:16]


def _known_import(layout: Layout, import_id: str) -> dict[str, Any] | None:
    path = layout.raw_table("imports") / f"{import_id}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            rows = file.read(columns=["reader_version", "source", "run_status"]).to_pylist()
    except (OSError, pa.ArrowException):
        return None
    return rows[0] if rows else None


_STATUSES = {
    "format_failure": "without a readable answer",
    "limit": "stopped by a limit",
    "refused": "refused (left out)",
    "error": "errors (left out)",
}


def _message(result: Written) -> str:
    run = result.run
    assert run is not None
    message = f"{result.n_samples:,} samples of {run.task or 'several tasks'} by {run.model_id or 'several models'}"
    for status, words in _STATUSES.items():
        if n := result.statuses.get(status):
            reasons = ", ".join(f"{m:,} {reason}" for reason, m in result.failures.items())
            message += f", {n:,} {words}" + (f" ({reasons})" if reasons and status == "format_failure" else "")
    if not result.n_samples and result.notices:
        message = run.task or ""
    if run.run_status != "success":
        message += f", run {run.run_status}"
    if result.n_unreadable:
        message += f", {result.n_unreadable:,} in quarantine ({result.first_unreadable})"
    headline = [f"WARNING: {clip(result.warning, 700)}"] if result.warning else []
    notices = [notice for notice in result.notices if notice not in result.warning]
    return "; ".join([*headline, clip(message, 500), *(clip(notice, 500) for notice in notices)])
