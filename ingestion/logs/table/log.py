"""Reading any table with a mapping file: JSONL, CSV, Parquet or JSON, one row for each sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.import_file import hash_file
from ingestion.logs.json_text import BAD_JSON, why
from ingestion.logs.records import Notice, Record, RefusedFileError, Run, ScoredBy, Unreadable
from ingestion.logs.table.expand import parts
from ingestion.logs.table.fields import Fields
from ingestion.logs.table.files import SUFFIXES, NumberedRow, is_table, table_rows
from ingestion.logs.table.mapping import Join, Mapping
from ingestion.logs.table.mapping_file import load_mapping
from ingestion.logs.table.outcome import Outcomes
from ingestion.logs.table.paths import MISSING, lookup, lookup_all, plain_text
from ingestion.logs.table.sample import RowReader
from ingestion.text import clip
from warehouse.keys import digest

READER_VERSION = 4
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
        return is_table(path)

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The second table of a join."""
        return (self._folder / self._mapping.join.file,) if self._mapping.join else ()

    def read(self, path: Path) -> Iterator[Record]:
        """Samples with their items, conditions, models and unit tests, then the run they are of."""
        mapping = self._mapping
        run_id = f"{clip(path.name, 200)}@{hash_file(path)[:16]}"
        fields = Fields(mapping, path.name)
        outcomes = Outcomes(mapping, fields)
        reader = RowReader(mapping, fields, outcomes, run_id)
        rows = _Rows(mapping, _joined(self._folder, mapping.join) if mapping.join else None)
        lost: Unreadable | None = None
        for place, row in rows.of(path):
            if isinstance(row, Unreadable):
                lost = lost or row
                yield row
                continue
            try:
                records = list(reader.rows(row))
            except BAD_JSON as error:
                fields.note_absent(row)
                unreadable = Unreadable(place, why(error), _excerpt(row))
                lost = lost or unreadable
                yield unreadable
                continue
            if len(reader.models) * len(reader.tasks) > MAX_PARTITIONS:
                raise RefusedFileError("task and model differ in almost every row; are they mapped rightly?")
            yield from records
        yield from reader.rest()
        _check(mapping, fields, outcomes, rows)
        if lost is not None and not outcomes.n_samples:
            raise RefusedFileError(f"no row of it could be read ({lost.place}: {lost.reason})")
        if (judge := _judge(mapping)) is not None:
            yield ScoredBy(judge)
        graded = reader.graded.notices() if reader.graded else ()
        yield from map(Notice, (*rows.notices(), *outcomes.notices(), *graded))
        yield Run(run_id, "success", _only(reader.tasks), _only(reader.models), None)


class _Rows:
    """The rows of a file that the mapping asks for: those that `where` lets through, joined, taken apart by `each`."""

    def __init__(self, mapping: Mapping, joined: dict[str, dict[str, Any]] | None) -> None:
        self._mapping = mapping
        self._joined = joined
        self._where = {path: _texts(wanted) for path, wanted in mapping.where.items()}
        self.first: dict[str, Any] | None = None
        self.n_rows = 0
        self.n_left_out = 0
        self._n_empty = 0
        self._n_unmatched = 0

    def of(self, path: Path) -> Iterator[NumberedRow]:
        for place, row in table_rows(path, rows=self._mapping.rows, delimiter=self._mapping.delimiter):
            self.n_rows += 1
            if isinstance(row, Unreadable):
                yield place, row
                continue
            self.first = row if self.first is None else self.first
            try:
                if not self._is_wanted(row):
                    self.n_left_out += 1
                    continue
                yield from self._parts(place, self._with_partner(row))
            except BAD_JSON as error:
                yield place, Unreadable(place, why(error), _excerpt(row))

    def notices(self) -> Iterator[str]:
        """What a person must know of the rows, in sentences."""
        if self._n_unmatched:
            yield f"{self._n_unmatched} rows have no partner in {self._mapping.join.file if self._mapping.join else ''}"
        if self.n_left_out:
            yield f"{self.n_left_out:,} of {self.n_rows:,} rows are left out by where"
        if self._n_empty:
            yield f"{self._n_empty:,} rows hold no sample: their list is empty"

    def _is_wanted(self, row: dict[str, Any]) -> bool:
        return all(
            any(plain_text(found) in wanted for found in lookup_all(row, path)) for path, wanted in self._where.items()
        )

    def _with_partner(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._joined is None or self._mapping.join is None:
            return row
        other = self._joined.get(plain_text(lookup(row, self._mapping.join.field)))
        self._n_unmatched += other is None
        return {**row, "joined": other or {}}

    def _parts(self, place: str, row: dict[str, Any]) -> Iterator[NumberedRow]:
        if self._mapping.each is None:
            yield place, row
            return
        n_parts = 0
        for part, expanded in parts(row, self._mapping.each):
            n_parts += 1
            yield f"{place}, {part}", expanded
        self._n_empty += n_parts == 0


def _texts(wanted: Any) -> frozenset[str]:
    values = wanted if isinstance(wanted, list) else [wanted]
    # A CSV may write True as Python, or TRUE as a spreadsheet does.
    in_csv = [text for value in values if isinstance(value, bool) for text in (str(value), str(value).upper())]
    return frozenset([*map(plain_text, values), *in_csv])


def _check(mapping: Mapping, fields: Fields, outcomes: Outcomes, rows: _Rows) -> None:
    """Refuse a file that the mapping does not fit: a misspelt field would otherwise be empty in every row."""
    if rows.first is None:
        raise RefusedFileError("no row of it could be read" if rows.n_rows else "there is no row in it")
    if rows.n_left_out == rows.n_rows:
        raise RefusedFileError(f"where: {dict(mapping.where)} is true of none of its {rows.n_rows} rows")
    if fields.absent:
        name = min(fields.absent)
        entry: Any = mapping
        for part in name.split("."):
            entry = entry[part] if isinstance(entry, dict) else getattr(entry, part)
        has = ", ".join(str(name) for name in rows.first if name != "file")
        raise RefusedFileError(f"{name} is mapped to {entry.field!r}, which is in no row; the first row has {has}")
    if outcomes.misfit is not None:
        raise RefusedFileError(f"score: {outcomes.misfit}")


def _judge(mapping: Mapping) -> str | None:
    if mapping.score is not None:
        return f"field {mapping.score.field!r}" if mapping.score.field else "the mapping's score"
    if mapping.tests is not None:
        return "unit tests"
    return "answer = target" if mapping.target is not None and (mapping.answer or mapping.probabilities) else None


def _excerpt(row: dict[str, Any]) -> str:
    """The row's own fields: what lies around it (`file`, `joined`) is the same for many rows, and may be large."""
    return clip(str({name: value for name, value in row.items() if name not in ("file", "joined")}), 500)


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
        if plain_text(key) in found:
            raise RefusedFileError(
                f"{join.file}, {place}: {plain_text(key)!r} occurs twice; every value may occur once"
            )
        if len(found) >= MAX_JOINED_ROWS:
            raise RefusedFileError(f"{join.file}: over the limit of {MAX_JOINED_ROWS} rows")
        found[plain_text(key)] = row
    return found
