"""Records of one log gathered into Arrow tables, one for each file that will be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.logs.records import Notice, Record, RefusedFileError, Run, Unreadable
from ingestion.text import clip
from warehouse.parquet import to_table
from warehouse.schemas import RAW_TABLES
from warehouse.secrets import without_secrets

# Arrow's own allocator keeps a quarter of what it once held; a worker reads one file after the other.
pa.set_memory_pool(pa.system_memory_pool())

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
        notices: what the person who imports it must know.
    """

    run: Run
    tables: dict[tuple[str, Partition], pa.Table]
    unreadable: list[Unreadable]
    statuses: Counter[str]
    notices: list[str]


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
    run: Run | None = None
    unreadable: list[Unreadable] = []
    notices: list[str] = []
    tables: dict[tuple[str, Partition], _Table] = {}
    once: set[tuple[Any, ...]] = set()
    statuses: Counter[str] = Counter()
    for record in records:
        if isinstance(record, Run):
            run = record
            continue
        if isinstance(record, Unreadable):
            unreadable.append(Unreadable(clip(record.place, 500), clip(record.reason, 1_000), record.excerpt))
            continue
        if isinstance(record, Notice):
            notices.append(record.text)
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
    if run is None:
        raise RefusedFileError("the log names no run")
    return Collected(run, {key: table.finished() for key, table in tables.items()}, unreadable, statuses, notices)
