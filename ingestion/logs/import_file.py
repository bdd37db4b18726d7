"""Importing one file: read by its reader, written partition by partition. Runs in the batch's process or in a worker.

All file names follow from the content, and the `imports` row, which the batch writes, comes last: a killed import is
simply done again. Whoever imports a file again takes that row away before anything else of it is touched. Parts that
cannot be read go to quarantine with the reason; a file of which nothing can be read is refused as a whole.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion.logs.record_tables import Collected, collect
from ingestion.logs.records import LogFormat, RefusedFileError, Run, Unreadable
from ingestion.logs.understood import understood
from ingestion.text import clip
from warehouse.layout import Layout
from warehouse.parquet import read_rows, remove, write_partition
from warehouse.schemas import QUARANTINE
from warehouse.secrets import hashed_for, without_secrets

REFUSED = "refused-"
"""How files of the quarantine begin that say why a whole file was refused; hash of the path and import id follow."""


State = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Source:
    """A file that is to be read.

    Attributes:
        path: the file as it was given.
        sha256: of its bytes.
        n_bytes: its size, with its companions'.
        import_id: what it is known by: 16 hexadecimal digits over its content and its companions'.
        state: size and times of all of them, before they were hashed: what is read must be what was hashed.
        reader: what reads it.
        now: time of the import.
    """

    path: Path
    sha256: str
    n_bytes: int
    import_id: str
    state: State
    reader: LogFormat
    now: datetime


@dataclass(frozen=True)
class Written:
    """What became of a file that was read.

    Attributes:
        run: the run that it is of; None if it was refused.
        files: the raw files that now hold its rows.
        statuses: its samples by what became of them.
        n_unreadable: its parts in quarantine.
        first_unreadable: the first of them in words.
        notices: what the person who imports it must know; if it was refused, the reason.
        failures: its format failures whose reason is known, by the reason.
        n_unscored: samples that nothing judges; the first notice says why.
        is_judged: whether it judges open answers, so that one that is missing is wrong.
        warning: what is wrong with most of the file; empty if nothing is.
        understood: how it was understood, as pairs of a word and what it is in this file.
    """

    run: Run | None
    files: frozenset[Path]
    statuses: Mapping[str, int]
    n_unreadable: int
    first_unreadable: str
    notices: tuple[str, ...]
    failures: Mapping[str, int] = field(default_factory=dict)
    n_unscored: int = 0
    is_judged: bool = True
    warning: str = ""
    understood: tuple[tuple[str, str], ...] = ()

    @property
    def n_samples(self) -> int:
        """Its samples."""
        return sum(self.statuses.values())


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes; of a folder's name and its parent's, because its files are its companions.

    Raises:
        RefusedFileError: if it is no regular file, or cannot be opened and read.
    """
    if path.is_dir():
        return name_hash(Path(*path.resolve().parts[-2:]))
    try:
        if not path.is_file():
            # A pipe would have us wait for ever.
            raise RefusedFileError("not a regular file" if path.exists() else "no such file any more")
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise RefusedFileError(f"cannot be opened: {error.strerror}; check its permissions") from error


def source_of(path: Path, reader: LogFormat, now: datetime) -> Source:
    """A file together with what it is known by: its content, and that of the files that are read with it.

    Raises:
        RefusedFileError: if one of them cannot be opened.
    """
    try:
        companions = reader.companions(path)
        files = (path, *companions)
        state = state_of(files)
        hashes = [hash_file(file) for file in files]
        n_bytes = sum(file.stat().st_size for file in files if file.is_file())
    except OSError as error:
        raise RefusedFileError(f"went away while it was looked at: {error.strerror}") from error
    import_id = hashes[0][:16] if not companions else hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]
    return Source(path, hashes[0], n_bytes, import_id, state, reader, now)


def state_of(files: Iterable[Path]) -> State:
    """Size, time of the last change and number of each file.

    Raises:
        OSError: if one is not there any more.
    """
    return tuple((facts.st_size, facts.st_mtime_ns, facts.st_ino) for facts in (file.stat() for file in files))


def read_and_write(source: Source, layout: Layout) -> Written:
    """Read a file and write its rows, but for the `imports` row, which is not there from the first of them on.

    Raises:
        OSError: if the warehouse cannot be written.
    """
    if multiprocessing.parent_process() is not None:
        # A worker reads one file after the other, and Arrow's own allocator keeps a quarter of what it once held. In
        # any other process the allocator is not ours to choose.
        pa.set_memory_pool(pa.system_memory_pool())
    try:
        with hashed_for(layout):
            collected = _collect(source)
    except RefusedFileError as error:
        return refuse(source.path, source.import_id, str(error), layout, source.now)
    remove(layout.raw_table("imports") / f"{source.import_id}.parquet")
    files = set()
    unreadable = collected.unreadable
    told = collected.unscored.notice()
    warnings = ["most of it is in quarantine"] if len(unreadable) > collected.n_read else []
    warnings += [told] if told and collected.unscored.is_most else []
    told_as = understood(collected.of("samples"), collected.of("conditions"), collected.scored_by)
    for table, partition in list(collected.tables):
        data = collected.tables.pop((table, partition))  # handed over, so that it goes when it was written
        files.add(write_partition(layout, table, data, file_stem=source.import_id, partition=dict(partition)))
    if unreadable:
        files.add(_quarantine(layout, unreadable, source.import_id, source.path, source.now, stem=source.import_id))
    return Written(
        run=collected.run,
        files=frozenset(files),
        statuses=dict(collected.statuses),
        n_unreadable=len(unreadable),
        first_unreadable=f"{unreadable[0].place}: {unreadable[0].reason}" if unreadable else "",
        notices=(*([told] if told else []), *collected.notices),
        failures=dict(collected.failures.most_common(3)),
        n_unscored=collected.unscored.n,
        is_judged=collected.unscored.is_judged,
        warning="; ".join(warnings),
        understood=told_as,
    )


def refuse(path: Path, import_id: str, reason: str, layout: Layout, now: datetime) -> Written:
    """Put a whole file into quarantine, into a file of its own: what an import of the same content put there stays."""
    reason = clip(reason, 1_000)
    stem = f"{REFUSED}{name_hash(path)[:16]}-{import_id}"
    written = _quarantine(layout, [Unreadable("file", reason)], import_id, path, now, stem=stem)
    return Written(None, frozenset({written}), {}, 1, reason, (reason,))


def name_of(path: Path) -> str:
    """What a file is called in the warehouse; a folder by its own name and its parent's."""
    return clip("/".join(path.resolve().parts[-2:]) if path.is_dir() else path.name, 500)


def name_hash(path: Path) -> str:
    """A hash of the file's absolute name: stands in for the content of what cannot be opened."""
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()


def _collect(source: Source) -> Collected:
    try:
        records = source.reader.read(source.path)
        collected = collect(records, source=source.reader.name, import_id=source.import_id, now=source.now)
        is_unchanged = source.state == state_of((source.path, *source.reader.companions(source.path)))
    except RefusedFileError:
        raise
    except OSError as error:
        raise RefusedFileError(f"cannot be read: {error.strerror or error}; is it still there?") from error
    except Exception as error:  # a batch outlives whatever a hostile or half-written file provokes
        raise RefusedFileError(f"cannot be read: {type(error).__name__}: {error}") from error
    if not is_unchanged:
        raise RefusedFileError("changed while it was read; import it again when its run has ended")
    return collected


def _quarantine(
    layout: Layout, parts: list[Unreadable], import_id: str, path: Path, now: datetime, *, stem: str
) -> Path:
    """Write the rows, unless the same ones are there: a file that is refused again changes nothing."""
    with hashed_for(layout):
        rows: list[dict[str, Any]] = [
            {
                "import_id": import_id,
                "file_name": name_of(path),
                "place": part.place,
                "reason": without_secrets(part.reason),
                "excerpt": None if part.excerpt is None else clip(without_secrets(part.excerpt), 500),
                "ingested_at": now,
            }
            for part in parts
        ]
    there_path = layout.raw_file("quarantine", stem)
    try:
        there = read_rows(there_path, QUARANTINE).drop_columns(["ingested_at"]).to_pylist()
    except (OSError, pa.ArrowException):
        there = []
    told = [{name: value for name, value in row.items() if name != "ingested_at"} for row in rows]
    if sorted(there, key=str) == sorted(told, key=str):
        return there_path
    return write_partition(layout, "quarantine", rows, file_stem=stem)
