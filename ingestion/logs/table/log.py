"""Reading any table with a mapping file: JSONL, CSV, Parquet or JSON, one row for each sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.import_file import hash_file
from ingestion.logs.json_text import BAD_JSON, why
from ingestion.logs.records import Notice, Record, RefusedFileError, Run, Unreadable
from ingestion.logs.table.files import SUFFIXES, table_rows
from ingestion.logs.table.mapping import Join, Mapping, load_mapping
from ingestion.logs.table.paths import MISSING, lookup
from ingestion.logs.table.sample import RowReader
from ingestion.logs.table.values import as_text
from ingestion.text import clip
from warehouse.keys import digest

READER_VERSION = 1
MAX_JOINED_ROWS = 5_000_000
MAX_PARTITIONS = 10_000
"""Most pairs of task and model in one table; each is a folder."""


class TableFormat:
    """A table together with its mapping.

    Args:
        mapping_path: the mapping file.

    Raises:
        MappingError: if it is not valid.
    """

    name = "table"
    suffixes: tuple[str, ...] = SUFFIXES

    def __init__(self, mapping_path: Path) -> None:
        self._mapping = load_mapping(mapping_path)
        self._folder = mapping_path.parent
        # The same file gives other rows with another mapping, so the mapping is a part of the reader's version.
        content = [READER_VERSION, self._mapping.model_dump(mode="json")]
        self.reader_version = int(digest(content, 8), 16) & 0x7FFFFFFF

    def is_current(self, version: int) -> bool:
        """Whether that is the version, the mapping included."""
        return version == self.reader_version

    def sniff(self, path: Path) -> bool:
        """Whether its suffix is a table's; what is in it, the mapping says."""
        return path.suffix.lower() in SUFFIXES

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The second table of a join."""
        return (self._folder / self._mapping.join.file,) if self._mapping.join else ()

    def read(self, path: Path) -> Iterator[Record]:
        """Samples with their items, conditions, models and unit tests, then the run they are of."""
        mapping = self._mapping
        run_id = f"{clip(path.name, 200)}@{hash_file(path)[:16]}"
        reader = RowReader(mapping, path.name, run_id)
        joined = _joined(self._folder, mapping.join) if mapping.join else None
        n_rows = n_read = n_unmatched = 0
        first: dict[str, Any] | None = None
        for place, row in table_rows(path, rows=mapping.rows, delimiter=mapping.delimiter):
            n_rows += 1
            if isinstance(row, Unreadable):
                yield row
                continue
            first = row if first is None else first
            if joined is not None and mapping.join is not None:
                other = joined.get(as_text(lookup(row, mapping.join.field)))
                n_unmatched += other is None
                row = {**row, "joined": other or {}}
            try:
                records = list(reader.rows(row))
            except BAD_JSON as error:
                yield Unreadable(place, why(error), clip(str(row), 500))
                continue
            if len(reader.models) * len(reader.tasks) > MAX_PARTITIONS:
                raise RefusedFileError("task and model differ in almost every row; are they mapped rightly?")
            n_read += 1
            yield from records
        _check(mapping, reader, first, n_rows, n_read)
        if n_unmatched:
            yield Notice(f"{n_unmatched} rows have no partner in {mapping.join.file if mapping.join else ''}")
        yield Run(run_id, "success", _only(reader.tasks), _only(reader.models), None)


def _check(mapping: Mapping, reader: RowReader, first: dict[str, Any] | None, n_rows: int, n_read: int) -> None:
    """Refuse a file that the mapping does not fit: a misspelt field would otherwise be empty in every row."""
    if n_rows == 0 or first is None:
        raise RefusedFileError("there is no row in it")
    if n_read and reader.absent:
        name = min(reader.absent)
        entry: Any = mapping
        for part in name.split("."):
            entry = entry[part] if isinstance(entry, dict) else getattr(entry, part)
        raise RefusedFileError(
            f"{name} is mapped to {entry.field!r}, which is in no row; the first row has {', '.join(map(str, first))}"
        )


def _only(values: set[str]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _joined(folder: Path, join: Join) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for place, row in table_rows(folder / join.file):
        if isinstance(row, Unreadable):
            raise RefusedFileError(f"{join.file}, {place}: {row.reason}")
        key = lookup(row, join.equals or join.field)
        if key is MISSING or key is None:
            raise RefusedFileError(f"{join.file}, {place}: there is no {join.equals or join.field!r}")
        if as_text(key) in found:
            raise RefusedFileError(f"{join.file}, {place}: {as_text(key)!r} occurs twice; every value may occur once")
        if len(found) >= MAX_JOINED_ROWS:
            raise RefusedFileError(f"{join.file}: over the limit of {MAX_JOINED_ROWS} rows")
        found[as_text(key)] = row
    return found
