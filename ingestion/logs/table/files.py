"""Rows of a table, one at a time, each with its place: JSONL, CSV (and TSV), Parquet, JSON; compressed text too."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.logs.json_text import BAD_JSON, MAX_FILE_VALUES, RepeatedKeyError, check_keys, decode, why
from ingestion.logs.lines import MAX_LINE_BYTES, numbered_lines
from ingestion.logs.packed import COMPRESSED, DAMAGED, open_bytes, suffix_of
from ingestion.logs.records import RefusedFileError, Unreadable
from ingestion.logs.table.paths import Misfit, unfold

_KINDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".json")
SUFFIXES = (*_KINDS, *(kind + packed for kind in _KINDS if kind != ".parquet" for packed in COMPRESSED))

MAX_JSON_FILE_BYTES = 2**30
"""Largest JSON file that is read, unpacked, because it has to be held whole; the other kinds are streamed."""

MAX_ROW_GROUP_BYTES = 4 * 2**30
"""Largest row group of a Parquet file, uncompressed."""

DELIMITERS = ",;\t|"
"""What may stand between two fields of a CSV whose mapping does not say."""

_BATCH_ROWS = 1_000
_NOT_UTF_8 = "not UTF-8; save the file as UTF-8"

Place = str
NumberedRow = tuple[Place, "dict[str, Any] | Unreadable"]


def is_table(path: Path) -> bool:
    """Whether a file's name is a table's."""
    return suffix_of(path) in SUFFIXES


def table_rows(path: Path, *, rows: str | None = None, delimiter: str | None = None) -> Iterator[NumberedRow]:
    """Each row with its place (`line 2`, `row 0`), or what could not be read.

    Args:
        path: the file; its suffix says what it is.
        rows: JSON: path of the rows. Keys that it names (`{condition}`) become fields of the rows.
        delimiter: CSV: what stands between two fields; None to tell it from the header; always a tab in a `.tsv` file.

    Raises:
        RefusedFileError: if it is no such file, damaged, or too large.
    """
    suffix = suffix_of(path)
    for packed in COMPRESSED:
        suffix = suffix.removesuffix(packed)
    match suffix:
        case ".jsonl" | ".ndjson":
            return _json_lines(path)
        case ".csv":
            return _csv_rows(path, delimiter)
        case ".tsv":
            return _csv_rows(path, "\t")
        case ".parquet":
            return _parquet_rows(path)
        case ".json":
            return _json_rows(path, rows)
    raise RefusedFileError(f"a table ends in {', '.join(_KINDS)}, not in {path.suffix!r}; rename it if it is one")


def _json_lines(path: Path) -> Iterator[NumberedRow]:
    for place, line in numbered_lines(path):
        yield (place, line) if isinstance(line, Unreadable) else (place, _object(place, line))


def _object(place: str, data: bytes | msgspec.Raw) -> dict[str, Any] | Unreadable:
    try:
        row = decode(data, object)
        check_keys(data, row)
        reason = "not an object with fields"
    except RepeatedKeyError as error:
        row, reason = None, str(error)
    except BAD_JSON as error:
        row, reason = None, f"not JSON: {why(error)}"
    return row if isinstance(row, dict) else Unreadable(place, reason, bytes(data)[:200].decode("utf-8", "replace"))


def _json_rows(path: Path, rows: str | None) -> Iterator[NumberedRow]:
    try:
        data = _whole(path).removeprefix(b"\xef\xbb\xbf")
        if rows is None and data.lstrip()[:1] == b"[":
            for number, raw in enumerate(decode(data, list[msgspec.Raw], max_values=MAX_FILE_VALUES)):
                yield f"row {number}", _object(f"row {number}", raw)
            return
        content = decode(data, object, max_values=MAX_FILE_VALUES)
        check_keys(data, content)
    except RepeatedKeyError as error:
        raise RefusedFileError(f"an object in it {error}") from error
    except BAD_JSON as error:
        raise RefusedFileError(f"not readable JSON ({why(error)}); is the file complete?") from error
    if rows is None:
        yield from _json_objects([({}, content)])
        return
    misfits: list[Misfit] = []
    found = list(unfold(content, rows, misfits))
    if len(found) == 1 and not found[0][0] and isinstance(found[0][1], list):
        found = [({}, row) for row in found[0][1]]
    elif not found:
        raise RefusedFileError(f"there is no list of rows at {rows!r}; name its path in the mapping (rows: path)")
    elif any(isinstance(row, list) for _, row in found):
        raise RefusedFileError(f"{rows!r} leads to lists; end the path in [*] to take every element as a row")
    for keys, is_missing in misfits:
        place = " / ".join(keys.values()) or "file"
        what = "nothing" if is_missing else "something else than a list or an object"
        yield place, Unreadable(place, f"holds {what} where the path of the rows, {rows!r}, leads")
    around = {"file": content} if isinstance(content, dict) else {}
    yield from _json_objects(found, plain_values=any(mark in rows for mark in "*{"), around=around)


def _json_objects(
    found: list[tuple[dict[str, str], Any]], *, plain_values: bool = False, around: dict[str, Any] | None = None
) -> Iterator[NumberedRow]:
    for number, (keys, value) in enumerate(found):
        place = f"row {number}"
        row = {"value": value} if plain_values and not isinstance(value, dict | list) else value
        if not isinstance(row, dict):
            yield place, Unreadable(place, "not an object with fields")
        elif clash := keys.keys() & row.keys():
            reason = f"has a field {min(clash)!r} already; give {{{min(clash)}}} in rows another name"
            yield place, Unreadable(place, reason)
        else:
            yield place, {**(around or {}), **keys, **row}


def _whole(path: Path) -> bytes:
    with open_bytes(path) as file:
        try:
            data = file.read(MAX_JSON_FILE_BYTES + 1)
        except DAMAGED as error:
            raise RefusedFileError(f"cannot be unpacked: {error}; is the file complete?") from error
    if len(data) > MAX_JSON_FILE_BYTES:
        raise RefusedFileError(f"JSON over the limit of {MAX_JSON_FILE_BYTES} bytes; write it as JSONL")
    return data


def _csv_rows(path: Path, delimiter: str | None) -> Iterator[NumberedRow]:
    csv.field_size_limit(MAX_LINE_BYTES)
    with open_bytes(path) as binary:
        file = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")
        place, text = "line 1", list[str]()
        held: list[NumberedRow] | None = None
        try:
            first, delimiter, n_before = _begun(file, delimiter)
            lines = _Lines(first, file)
            reader = csv.reader(lines, delimiter=delimiter)
            header = _header(next(reader, None))
            lines.taken()
            place = f"line {reader.line_num + n_before + 1}"
            for values in reader:
                yield from held or ()
                row = _csv_row(place, header, values)
                text = lines.taken()
                if len(text) > 1 and _misquotes(text, delimiter):
                    row = Unreadable(place, _MISQUOTED, text[0][:200])
                held = [(place, row)] if values else None
                place = f"line {reader.line_num + n_before + 1}"
            if held and _misquotes(text, delimiter, at_end=True):
                held = [(held[0][0], Unreadable(held[0][0], _MISQUOTED, text[0][:200]))]
            yield from held or ()
        except csv.Error as error:
            yield from held or ()
            yield place, Unreadable(place, f"not CSV: {error}; nothing after it was read")
        except DAMAGED as error:
            yield from held or ()
            yield place, Unreadable(place, f"cannot be unpacked: {error}; nothing after it was read")


def _begun(file: io.TextIOWrapper, delimiter: str | None) -> tuple[str, str, int]:
    """The header's line, what stands between two fields, and how many lines came before."""
    first = file.readline(MAX_LINE_BYTES)
    if (told := _SEPARATOR.fullmatch(first)) is not None:
        return file.readline(MAX_LINE_BYTES), delimiter or told[1], 1
    return first, delimiter or told_by(first), 0


_SEPARATOR = re.compile(r"\"?sep=(.)\"?\r?\n?", re.IGNORECASE)
"""First line of a CSV that spreadsheets write and read: not data, but what stands between two fields."""

_MISQUOTED = (
    "its quotation marks do not match, so that rows that follow it may have been taken for a part of it; is the file "
    "complete?"
)


def _misquotes(text: list[str], delimiter: str, *, at_end: bool = False) -> bool:
    """Whether a row has a quotation mark inside a field or ends inside quotes, which the reader takes without a word.

    Args:
        text: the row's lines.
        delimiter: what stands between two fields.
        at_end: whether only an end inside quotes counts: `5" pipe` is no fault on a line of its own.
    """
    try:
        list(csv.reader(text, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return not at_end or "unexpected end" in str(error)
    return False


def delimiter_of(path: Path) -> str | None:
    """What stands between the fields of a `.csv`, told by its header; None of other files."""
    if not suffix_of(path).startswith(".csv"):
        return None
    with open_bytes(path) as binary:
        return _begun(io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline=""), None)[1]


def told_by(header: str) -> str:
    """What stands between the fields of a CSV: of the usual ones, that which makes the most fields of the header."""

    def n_fields(delimiter: str) -> int:
        return len(next(csv.reader([header], delimiter=delimiter), []))

    return max(DELIMITERS, key=n_fields)


class _Lines:
    """The lines of a file, the first of which was read; remembers those that were taken since it was last asked."""

    def __init__(self, first: str, file: io.TextIOWrapper) -> None:
        self._next = first
        self._file = file
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while self._next:
            self._taken.append(self._next)
            yield self._next
            self._next = self._file.readline(MAX_LINE_BYTES)  # not `for line in file`, which holds lines of any length

    def taken(self) -> list[str]:
        """The lines since the last call."""
        taken, self._taken = self._taken, []
        return taken


def _header(header: list[str] | None) -> list[str]:
    if not header:
        raise RefusedFileError("an empty file: there is no header with the names of the fields")
    if any("\x00" in name for name in header) or _is_not_utf_8(header):
        raise RefusedFileError(f"its header is {_NOT_UTF_8}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise RefusedFileError(f"the header names {twice!r} twice; rename one of the columns")
    return header


def _is_not_utf_8(values: list[str]) -> bool:
    return any("\udc80" <= character <= "\udcff" for text in values if not text.isascii() for character in text)


def _csv_row(place: str, header: list[str], values: list[str]) -> dict[str, Any] | Unreadable:
    excerpt = ",".join(values)[:200].encode("utf-8", "replace").decode()
    if len(values) != len(header):
        return Unreadable(place, f"{len(values)} fields where the header names {len(header)}", excerpt)
    if _is_not_utf_8(values):
        return Unreadable(place, _NOT_UTF_8, excerpt)
    return {name: value or None for name, value in zip(header, values, strict=True)}


def _parquet_rows(path: Path) -> Iterator[NumberedRow]:
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.metadata.num_row_groups):
                if file.metadata.row_group(group).total_byte_size > MAX_ROW_GROUP_BYTES:
                    raise RefusedFileError(
                        f"row group {group} is over the limit of {MAX_ROW_GROUP_BYTES} bytes; write smaller ones"
                    )
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    yield f"row {number}", row
                    number += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RefusedFileError(f"not a readable Parquet file: {' '.join(str(error).split())[:300]}") from error
