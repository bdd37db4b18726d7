"""The journal of a partition: every response, verbatim, on disk before it counts.

A partition's folder holds numbered segments, `000001.jsonl` while it is written and `000001.jsonl.zst` once it is
closed. A segment begins with a header, so that it can be read without the spec that it came from, then has one line per
settled request, and an end. A killed run leaves a segment without an end, perhaps with a torn last line: that line was
never counted, and it is left out when the next run closes the segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from warehouse import lock
from warehouse.durable import flush, flush_folder
from warehouse.parquet import atomic_path

JOURNAL_VERSION = 1
LOCK = "sampler.lock"
_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 28


class JournalError(RuntimeError):
    """The journal cannot be used; the message names the folder and the fix."""


class Header(msgspec.Struct, tag="header", tag_field="kind", omit_defaults=True):
    """First line of a segment: what all its samples share."""

    version: int
    task: str
    model_id: str
    condition_id: str
    prompt_format: str
    experiment: str
    started_at: datetime
    model: dict[str, Any]
    condition: dict[str, Any]
    temperature: float | None = None


class Answered(msgspec.Struct, tag="response", tag_field="kind", omit_defaults=True):
    """A sample: the verbatim response, and what was asked."""

    item_id: str
    answer_key_id: str
    item_digest: str
    context_id: str
    epoch: int
    n_choices: int
    run_id: str
    protocol: str
    completed_at: datetime
    response: str
    latency_s: float | None = None
    attempts: int = 1
    seed: int | None = None
    cost_usd: float | None = None
    uncertain_usd: float = 0.0
    """What may have been paid besides, at most: for tries whose answer broke off, and where nobody told the tokens."""


class Failed(msgspec.Struct, tag="error", tag_field="kind", omit_defaults=True):
    """A sample that could not be had. The next run asks again."""

    item_id: str
    answer_key_id: str
    item_digest: str
    context_id: str
    epoch: int
    n_choices: int
    run_id: str
    protocol: str
    completed_at: datetime
    error: str
    latency_s: float | None = None
    attempts: int = 1
    seed: int | None = None
    uncertain_usd: float = 0.0
    """As of an `Answered`."""


class End(msgspec.Struct, tag="end", tag_field="kind"):
    """Last line of a segment whose run was not killed."""

    run_status: str


class SeenAnswer(msgspec.Struct, tag="response", tag_field="kind"):
    """An `Answered` without its response: what a new run needs to know."""

    item_id: str
    item_digest: str
    context_id: str
    epoch: int
    cost_usd: float | None = None
    uncertain_usd: float = 0.0


class SeenFailure(msgspec.Struct, tag="error", tag_field="kind"):
    """A `Failed` without its message."""

    item_id: str
    item_digest: str
    context_id: str
    epoch: int
    uncertain_usd: float = 0.0


Settled = Answered | Failed
"""What becomes of a request in the end."""

Record = Header | Settled | End
Seen = Header | SeenAnswer | SeenFailure | End


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a partition for this process; released by the system when the process ends, however it ends.

    Raises:
        JournalError: if another process, or another run in this one, holds it.
    """
    try:
        with lock.locked(folder / LOCK, "another sampler ({holder}) is working on this partition"):
            yield
    except lock.LockedError as error:
        raise JournalError(str(error)) from None


def segments(folder: Path) -> list[Path]:
    """Segments in the order in which they were written; an open one that was also closed counts once, as closed."""
    closed = {path.name.split(".")[0]: path for path in folder.glob("*.jsonl.zst") if path.name[0] != "."}
    still_open = {path.stem: path for path in folder.glob("*.jsonl") if path.name[0] != "."}
    return [path for _, path in sorted({**still_open, **closed}.items())]


def read(folder: Path, kind: Any = Record) -> Iterator[Any]:
    """Every whole record of a partition, in order; `kind` is the union of structs to read, `Record` or `Seen`."""
    for segment in segments(folder):
        try:
            yield from read_segment(segment, kind)
        except FileNotFoundError:  # closed between the listing and the reading
            yield from read_segment(segment.with_name(segment.name + ".zst"), kind)


def read_segment(path: Path, kind: Any = Record) -> Iterator[Any]:
    """Every whole record of one segment. Lines that are no record (torn by a crash) are passed over."""
    decoder = msgspec.json.Decoder(kind)
    for line in _lines(path):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


def recover(folder: Path) -> None:
    """Close what a killed run left open. Only for the holder of the lock."""
    for temporary in folder.glob(".*.tmp"):
        temporary.unlink()
    for path in sorted(folder.glob("*.jsonl")):
        closed = path.with_name(path.name + ".zst")
        if closed.exists():
            path.unlink()
        else:
            close_segment(path)


def close_segment(path: Path) -> None:
    """Compress a segment, whole lines only, and put it in the open one's place; one without samples just goes."""
    if not any(isinstance(record, SeenAnswer | SeenFailure) for record in read_segment(path, Seen)):
        path.unlink()
        return
    with (
        atomic_path(path.with_name(path.name + ".zst")) as temporary,
        pa.CompressedOutputStream(temporary, "zstd") as out,
    ):
        for line in _lines(path):
            if _is_json(line):
                out.write(line + b"\n")
    path.unlink()


class SegmentWriter:
    """Appends records to a new segment; not shared between threads.

    Args:
        folder: the partition's folder; the caller holds its lock.
        header: what all samples share.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        last = max((int(path.name.split(".")[0]) for path in segments(folder)), default=0)
        self.path = folder / f"{last + 1:06d}.jsonl"
        self.n_bytes = 0
        self._encoder = msgspec.json.Encoder()
        self._handle = self.path.open("xb", buffering=0)
        self._is_broken = False
        self.write(self.encode(header))
        flush_folder(folder)

    def encode(self, record: Record) -> bytes:
        """The record's line."""
        return self._encoder.encode(record) + b"\n"

    def write(self, lines: bytes) -> None:
        """Append whole lines and wait until the disk has them.

        Raises:
            JournalError: if it does not take them; nothing may be appended after that.
        """
        if self._is_broken:
            raise JournalError(f"{self.path}: an earlier write failed; free disk space and run this again")
        try:
            view = memoryview(lines)
            while view:
                view = view[self._handle.write(view) :]
            flush(self._handle.fileno())
        except OSError as error:
            self._is_broken = True
            raise JournalError(f"{self.path}: cannot be written: {error.strerror}; what was counted is safe") from error
        self.n_bytes += len(lines)

    def close(self, run_status: str | None) -> None:
        """End the segment and compress it; without a status it stays as a killed run would leave it."""
        if run_status is not None and not self._is_broken:
            self.write(self.encode(End(run_status)))
        self._handle.close()
        if not self._is_broken:
            close_segment(self.path)


def _lines(path: Path) -> Iterator[bytes]:
    """Lines that end in a newline; what follows the last newline is torn, and left out."""
    rest = b""
    compression = "zstd" if path.suffix == ".zst" else None
    with pa.input_stream(path, compression=compression) as stream:
        while chunk := stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            if len(rest) > _LONGEST_LINE:
                raise JournalError(f"{path}: a line is longer than {_LONGEST_LINE} bytes; move the file away")


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
