"""Records of one log gathered into Arrow tables, one for each file that will be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.logs.records import (
    GradesMeant,
    Notice,
    Record,
    RefusedFileError,
    Row,
    Run,
    ScoredBy,
    ScoresWithdrawn,
    Unreadable,
)
from ingestion.logs.unscored import Unscored
from ingestion.text import clip
from warehouse.parquet import to_table
from warehouse.schemas import RAW_TABLES
from warehouse.secrets import without_secrets

BATCH_ROWS = 500
"""Rows that are held as dictionaries before they become Arrow: a dictionary takes ten times the memory."""

_ONCE = ("items", "conditions", "models")

Partition = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Collected:
    """A log's content, ready to be written.

    Attributes:
        run: the run that the log is of.
        tables: rows that meet the contract, by table and partition.
        unreadable: parts that go to quarantine.
        statuses: rows of `samples` by what became of them.
        failures: format failures whose row says more about them, by what it says.
        unscored: samples that nothing judges, counted by the reason.
        notices: what the person who imports it must know.
        scored_by: what the scores come from.
    """

    run: Run
    tables: dict[tuple[str, Partition], pa.Table]
    unreadable: list[Unreadable]
    statuses: Counter[str]
    failures: Counter[str]
    unscored: Unscored
    notices: list[str]
    scored_by: str | None = None

    def of(self, table: str) -> list[pa.Table]:
        """The partitions of a table."""
        return [data for (name, _), data in self.tables.items() if name == table]

    @property
    def n_read(self) -> int:
        """Samples, or rankings of the survey."""
        return sum(map(len, (*self.of("samples"), *self.of("survey_rankings"))))


class _Table:
    def __init__(self, name: str) -> None:
        self._schema = RAW_TABLES[name]
        self._batches: list[pa.Table] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def finished(self) -> pa.Table:
        self._flush()
        batches, self._batches = self._batches, []
        return pa.concat_tables(batches)

    def _flush(self) -> None:
        self._batches.append(to_table(self._schema, self._rows))
        self._rows = []


def collect(records: Iterable[Record], *, source: str, import_id: str, now: datetime) -> Collected:
    """Gather a log's records.

    Args:
        records: what a reader gave.
        source: the reader's name.
        import_id: id of the file.
        now: time of the import.

    Raises:
        RefusedFileError: if the records name no run.
        ContractError: if a row does not meet the raw contract, which is a fault of the reader.
    """
    told = _Told()
    tables: dict[tuple[str, Partition], _Table] = {}
    once: set[tuple[Any, ...]] = set()
    statuses: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    unscored = Unscored()
    for record in records:
        if not isinstance(record, Row):
            told.take(record)
            continue
        schema = RAW_TABLES[record.table]
        if record.table in _ONCE:
            key = (record.table, *(record.values[name] for name in schema.sort_by))
            if key in once:
                continue
            once.add(key)
        origin: dict[str, Any] = {"source": source} if "source" in schema.schema.names else {}
        if "import_id" in schema.schema.names:
            origin["import_id"] = import_id
        row = record.values | origin | {"ingested_at": now}
        if row.get("error"):
            row["error"] = without_secrets(row["error"])
        partition = tuple((name, row[name]) for name in schema.partition_by)
        tables.setdefault((record.table, partition), _Table(record.table)).add(row)
        if record.table == "samples":
            statuses[row["status"]] += 1
            if row["status"] == "format_failure" and row.get("error"):
                failures[row["error"]] += 1
            unscored.sample(row, record.unscored)
        elif record.table == "items":
            unscored.item(row)
        elif record.table == "test_outcomes":
            unscored.test()
    if told.run is None:
        raise RefusedFileError("the log names no run")
    finished = {key: table.finished() for key, table in tables.items()}
    unscored.finish(told.withdrawn)
    if told.withdrawn:
        finished = {key: _without_scores(data) if key[0] == "samples" else data for key, data in finished.items()}
    if told.meanings:
        finished = {
            key: _as_meant(data, told.meanings) if key[0] == "grades" else data for key, data in finished.items()
        }
    return Collected(told.run, finished, told.unreadable, statuses, failures, unscored, told.notices, told.scored_by)


@dataclass
class _Told:
    """What a reader said that is no row."""

    run: Run | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    scored_by: str | None = None
    withdrawn: str | None = None
    meanings: dict[str, Mapping[str, float]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        if isinstance(record, Run):
            self.run = record
        elif isinstance(record, Unreadable):
            self.unreadable.append(Unreadable(clip(record.place, 500), clip(record.reason, 1_000), record.excerpt))
        elif isinstance(record, Notice):
            self.notices.append(record.text)
        elif isinstance(record, ScoredBy):
            self.scored_by = record.name
        elif isinstance(record, ScoresWithdrawn):
            self.withdrawn = record.reason
        elif isinstance(record, GradesMeant):
            self.meanings[record.grader] = record.meanings


def _without_scores(samples: pa.Table) -> pa.Table:
    return _with_column(samples, "score", [None] * len(samples))


def _as_meant(grades: pa.Table, meanings: Mapping[str, Mapping[str, float]]) -> pa.Table:
    columns = (grades[name].to_pylist() for name in ("grader", "written"))
    return _with_column(
        grades, "grade", [meanings[grader].get(written) for grader, written in zip(*columns, strict=True)]
    )


def _with_column(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    column = table.schema.field(name)
    return table.set_column(table.schema.get_field_index(name), column, pa.array(values, column.type))
