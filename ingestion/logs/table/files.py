"""Rows of a table, one at a time, each with its place: JSONL, CSV (and TSV), Parquet, JSON with a list of objects."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.logs.json_text import BAD_JSON, MAX_FILE_VALUES, decode, why
from ingestion.logs.lines import MAX_LINE_BYTES, numbered_lines
from ingestion.logs.records import RefusedFileError, Unreadable
from ingestion.logs.table.paths import lookup

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".json")

MAX_JSON_FILE_BYTES = 2**30
"""Largest JSON file that is read, because it has to be held whole; the other kinds are streamed."""

MAX_ROW_GROUP_BYTES = 4 * 2**30
"""Largest row group of a Parquet file, uncompressed."""

_BATCH_ROWS = 1_000

Place = str
NumberedRow = tuple[Place, "dict[str, Any] | Unreadable"]


def table_rows(path: Path, *, rows: str | None = None, delimiter: str = ",") -> Iterator[NumberedRow]:
    """Each row with its place (`line 2`, `row 0`), or what could not be read.

    Args:
        path: the file; its suffix says what it is.
        rows: JSON: path of the list of rows.
        delimiter: CSV: what stands between two fields; always a tab in a `.tsv` file.

    Raises:
        RefusedFileError: if it is no such file, or too large.
    """
    match path.suffix.lower():
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
    raise RefusedFileError(f"a table ends in {', '.join(SUFFIXES)}, not in {path.suffix!r}; rename it if it is one")


def _json_lines(path: Path) -> Iterator[NumberedRow]:
    for place, line in numbered_lines(path):
        yield (place, line) if isinstance(line, Unreadable) else (place, _object(place, line))


def _object(place: str, data: bytes | msgspec.Raw) -> dict[str, Any] | Unreadable:
    try:
        row = decode(data, object)
    except BAD_JSON as error:
        return Unreadable(place, f"not JSON: {why(error)}", bytes(data)[:200].decode("utf-8", "replace"))
    if not isinstance(row, dict):
        return Unreadable(place, "not an object with fields", bytes(data)[:200].decode("utf-8", "replace"))
    return row


def _json_rows(path: Path, rows: str | None) -> Iterator[NumberedRow]:
    if (size := path.stat().st_size) > MAX_JSON_FILE_BYTES:
        raise RefusedFileError(f"{size} bytes of JSON, over the limit of {MAX_JSON_FILE_BYTES}; write it as JSONL")
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        if rows is None and data.lstrip()[:1] == b"[":
            for number, raw in enumerate(decode(data, list[msgspec.Raw], max_values=MAX_FILE_VALUES)):
                yield f"row {number}", _object(f"row {number}", raw)
            return
        content = decode(data, object, max_values=MAX_FILE_VALUES)
    except BAD_JSON as error:
        raise RefusedFileError(f"not readable JSON ({why(error)}); is the file complete?") from error
    found = content if rows is None else lookup(content, rows)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise RefusedFileError(f"there is no list of rows at {rows!r}; name its path in the mapping (rows: path)")
    for number, row in enumerate(found):
        place = f"row {number}"
        yield place, row if isinstance(row, dict) else Unreadable(place, "not an object with fields")


def _csv_rows(path: Path, delimiter: str) -> Iterator[NumberedRow]:
    csv.field_size_limit(MAX_LINE_BYTES)
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise RefusedFileError(f"cannot be opened: {error.strerror}; check the path and its permissions") from error
    with file:
        reader = csv.reader(file, delimiter=delimiter)
        place = "line 1"
        try:
            header = next(reader, None)
            if not header:
                raise RefusedFileError("an empty file: there is no header with the names of the fields")
            if len(set(header)) < len(header):
                twice = next(name for name in header if header.count(name) > 1)
                raise RefusedFileError(f"the header names {twice!r} twice; rename one of the columns")
            place = f"line {reader.line_num + 1}"
            for values in reader:
                if values:
                    yield place, _csv_row(place, header, values)
                place = f"line {reader.line_num + 1}"
        except csv.Error as error:
            yield place, Unreadable(place, f"not CSV: {error}; nothing after it was read")


def _csv_row(place: str, header: list[str], values: list[str]) -> dict[str, Any] | Unreadable:
    excerpt = ",".join(values)[:200].encode("utf-8", "replace").decode()
    if len(values) != len(header):
        return Unreadable(place, f"{len(values)} fields where the header names {len(header)}", excerpt)
    if any("\udc80" <= character <= "\udcff" for text in values if not text.isascii() for character in text):
        return Unreadable(place, "not UTF-8; save the file as UTF-8", excerpt)
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
