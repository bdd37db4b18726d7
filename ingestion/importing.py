"""Importing logs of any known kind into the raw layer: the one door for the command line and for Dagster.

Incremental and idempotent: a file is known by its content (SHA-256), a known file is not written again, and a killed
import is simply done again, because the `imports` row is written last and all file names follow from the content.

Folders are searched for files with a log's suffix. In a folder, a `.json` file that is by its first bytes no log (tools
leave manifests and settings beside their logs) is passed over and counted; a folder without any log is refused. A file
that is named explicitly is always imported or refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.collecting import Collected, collect
from ingestion.formats import FORMATS, detect, format_named
from ingestion.records import LogFormat, RefusedFileError, Unreadable, clip
from warehouse.layout import Layout
from warehouse.parquet import ensure_empty_files, write_partition

_WRITTEN_FROM_LOGS = ("samples", "test_outcomes", "items", "conditions", "models", "quarantine")
_SUFFIXES = sorted({suffix for known in FORMATS for suffix in known.suffixes})


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        path: the file as it was given.
        outcome: `imported`, `unchanged` (already there) or `refused`.
        n_samples: samples in the warehouse from this file, by this import.
        n_quarantined: parts of it that could not be read.
        run_status: how its run ended; None if refused.
        message: one line for people: what happened and, if something is wrong, what to do.
    """

    path: Path
    outcome: str
    n_samples: int
    n_quarantined: int
    run_status: str | None
    message: str


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


def import_paths(
    paths: Sequence[Path],
    layout: Layout,
    *,
    log_format: str | None = None,
    progress: Callable[[FileReport], None] | None = None,
) -> ImportSummary:
    """Import files and folders of logs; each file on its own, so that a bad one never stops the batch.

    Args:
        paths: files, and folders to search through.
        layout: the warehouse.
        log_format: the kind of all files (`inspect`); by default each file's first bytes decide.
        progress: called after each file.

    Raises:
        ValueError: if `log_format` names no known kind.
        OSError: if the warehouse cannot be written.
    """
    chosen = format_named(log_format) if log_format else None
    ensure_empty_files(layout)
    written = _WrittenFiles(layout)
    reports: list[FileReport] = []
    passed_over: list[Path] = []
    for path, is_named in _files(paths):
        report = _import_file(path, layout, written, chosen, is_named=is_named)
        if report is None:
            passed_over.append(path)
            continue
        reports.append(report)
        if progress:
            progress(report)
    return ImportSummary(tuple(reports), tuple(passed_over))


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file once, and whether it must be a log: it was named, or it stands for a folder that has none."""
    seen: set[Path] = set()
    for path in paths:
        found = list(_logs_in(path)) if path.is_dir() else []
        for file in found or [path]:
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file, not found


def _logs_in(folder: Path) -> Iterator[Path]:
    """Files with a log's suffix, in name order, without following links to folders."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in _SUFFIXES)


def _import_file(
    path: Path, layout: Layout, written: _WrittenFiles, chosen: LogFormat | None, *, is_named: bool
) -> FileReport | None:
    now = datetime.now(UTC)
    sha256 = hashlib.sha256(os.fsencode(path)).hexdigest()  # stands in for the content of what cannot be opened
    try:
        if not path.exists():
            raise RefusedFileError("no such file; check the path")
        if path.is_dir():
            raise RefusedFileError(f"no log in this folder (looked for *{', *'.join(_SUFFIXES)})")
        if not path.is_file():
            raise RefusedFileError("not a regular file")
        try:
            with path.open("rb") as handle:
                sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise RefusedFileError(f"cannot be opened: {error.strerror}; check its permissions") from error
        if not is_named and chosen is None and not any(known.sniff(path) for known in FORMATS):
            return None
        reader = chosen or detect(path)
        known = _known_import(layout, sha256[:16])
        if known is not None and known["reader_version"] == reader.reader_version and known["source"] == reader.name:
            return FileReport(path, "unchanged", 0, 0, known["run_status"], "already imported")
        collected = _collect(path, reader, sha256[:16], now)
    except RefusedFileError as error:
        reason = clip(str(error), 1_000)
        rows = _quarantine_rows([Unreadable("file", reason)], sha256[:16], path, now)
        _write_quarantine(layout, rows, sha256[:16])
        return FileReport(path, "refused", 0, 1, None, reason)
    _write(layout, written, collected, path, sha256, reader, now)
    return _report(path, collected)


def _collect(path: Path, reader: LogFormat, import_id: str, now: datetime) -> Collected:
    before = path.stat()
    try:
        collected = collect(reader.read(path), source=reader.name, import_id=import_id, now=now)
    except RefusedFileError:
        raise
    except Exception as error:  # a batch outlives whatever a hostile or half-written file provokes
        raise RefusedFileError(f"cannot be read: {type(error).__name__}: {error}") from error
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RefusedFileError("changed while it was read; import it again when its run has ended")
    return collected


def _known_import(layout: Layout, import_id: str) -> dict[str, Any] | None:
    path = layout.raw_table("imports") / f"{import_id}.parquet"
    try:
        rows = pq.read_table(path, columns=["reader_version", "source", "run_status"]).to_pylist()
    except (OSError, pa.ArrowException):
        return None
    return rows[0] if rows else None


def _write(
    layout: Layout,
    written: _WrittenFiles,
    collected: Collected,
    path: Path,
    sha256: str,
    reader: LogFormat,
    now: datetime,
) -> None:
    import_id = sha256[:16]
    current: set[Path] = set()
    for (table, partition), data in collected.tables.items():
        current.add(write_partition(layout, table, data, file_stem=import_id, partition=dict(partition)))
    if collected.unreadable:
        current.add(_write_quarantine(layout, _quarantine_rows(collected.unreadable, import_id, path, now), import_id))
    # A newer reader may file the same samples elsewhere, and what was refused once may be readable now.
    for stale in written.with_stem(import_id) - current:
        stale.unlink(missing_ok=True)
    run = collected.run
    row = {
        "import_id": import_id,
        "file_name": clip(path.name, 500),
        "file_sha256": sha256,
        "file_bytes": path.stat().st_size,
        "source": reader.name,
        "reader_version": reader.reader_version,
        "run_id": run.run_id,
        "run_status": run.run_status,
        "task": run.task,
        "model_id": run.model_id,
        "n_samples": collected.n_samples,
        "n_quarantined": len(collected.unreadable),
        "tool_version": run.tool_version,
        "ingested_at": now,
    }
    write_partition(layout, "imports", [row], file_stem=import_id)


def _quarantine_rows(parts: list[Unreadable], import_id: str, path: Path, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "import_id": import_id,
            "file_name": clip(path.name, 500),
            "place": part.place,
            "reason": part.reason,
            "excerpt": None if part.excerpt is None else clip(part.excerpt, 500),
            "ingested_at": now,
        }
        for part in parts
    ]


def _write_quarantine(layout: Layout, rows: list[dict[str, Any]], import_id: str) -> Path:
    """Write the rows, unless the same ones are there: a file that is refused again changes nothing."""
    path = layout.quarantine / f"{import_id}.parquet"
    try:
        there = pq.read_table(path).drop_columns(["ingested_at"]).to_pylist()
    except (OSError, pa.ArrowException):
        there = []
    told = [{name: value for name, value in row.items() if name != "ingested_at"} for row in rows]
    if sorted(there, key=str) == sorted(told, key=str):
        return path
    return write_partition(layout, "quarantine", rows, file_stem=import_id)


def _report(path: Path, collected: Collected) -> FileReport:
    run, n_unreadable = collected.run, len(collected.unreadable)
    message = f"{collected.n_samples} samples of {run.task} by {run.model_id}"
    if run.run_status != "success":
        message += f", run {run.run_status}"
    if n_unreadable:
        message += f", {n_unreadable} unreadable ({collected.unreadable[0].place}: {collected.unreadable[0].reason})"
    return FileReport(path, "imported", collected.n_samples, n_unreadable, run.run_status, clip(message, 500))


class _WrittenFiles:
    """Which raw files come from which import. Folders are walked once a batch, and only if something is imported."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._by_stem: dict[str, set[Path]] | None = None

    def with_stem(self, stem: str) -> set[Path]:
        """Files of the tables that logs are written to, as they were when first asked."""
        if self._by_stem is None:
            self._by_stem = {}
            for table in _WRITTEN_FROM_LOGS:
                for path in self._layout.raw_table(table).rglob("*.parquet"):
                    self._by_stem.setdefault(path.stem, set()).add(path)
        return self._by_stem.get(stem, set())
