"""The one way a Parquet file enters the raw layer: whole, sorted, checked against the contract, or not at all.

A file is written under a temporary name in its own folder, flushed to disk, and renamed; a reader sees the old files or
the new ones, never half a file. Files are immutable: changed content is a new file that replaces the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.durable import flush, flush_folder
from warehouse.layout import Layout
from warehouse.leftovers import temporary_beside
from warehouse.schemas import RAW_TABLES, RawTable

ROW_GROUP_ROWS = 122_880
"""DuckDB's vector-friendly row-group size: small enough to prune and to read in parallel, large enough to compress."""

EMPTY_FILE = "_empty.parquet"
"""A zero-row file that gives a table its columns while it has no data: dbt cannot read an empty folder."""


class ContractError(ValueError):
    """Rows do not meet the raw contract; the message names table, column, value and fix."""


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """A temporary path beside `final` that becomes `final` if the block succeeds, and disappears if it fails."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(final)
    try:
        yield temporary
        with temporary.open("rb") as handle:
            flush(handle.fileno())
        temporary.replace(final)
        flush_folder(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_together() -> Iterator[Callable[[Path], Path]]:
    """Several files that appear together: gives a temporary path for each final one.

    All are on the disk before the first is renamed: renaming them takes milliseconds, and flushing in between took
    seconds, in which a kill left old and new files beside each other.
    """
    written: list[tuple[Path, Path]] = []

    def temporary_of(final: Path) -> Path:
        final.parent.mkdir(parents=True, exist_ok=True)
        written.append((temporary_beside(final), final))
        return written[-1][0]

    try:
        yield temporary_of
        for temporary, _ in written:
            with temporary.open("rb") as handle:
                flush(handle.fileno())
        for temporary, final in written:
            temporary.replace(final)
        for folder in {final.parent for _, final in written}:
            flush_folder(folder)
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_writer(final: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A streaming Parquet writer whose file appears at `final` only when the block succeeds.

    For tables too large to hold: write batches that are already in order, one after the other.
    """
    with (
        atomic_path(final) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=3) as writer,
    ):
        yield writer


def to_table(table: RawTable, rows: Iterable[Mapping[str, Any]] | pa.Table) -> pa.Table:
    """Rows as an Arrow table that meets the contract, sorted by the table's key.

    Raises:
        ContractError: on a missing required value, an unknown column or a value of the wrong type.
    """
    if not isinstance(rows, pa.Table):
        records = list(rows)
        known = set(table.schema.names)
        for record in records:
            if unknown := set(record) - known:
                raise ContractError(
                    f"raw.{table.name}: unknown column {min(unknown)!r}; add it to warehouse/schemas.py or drop it"
                )
        columns = [[record.get(name) for record in records] for name in table.schema.names]
        arrays = [_array(table, field, values) for field, values in zip(table.schema, columns, strict=True)]
        rows = pa.Table.from_arrays(arrays, schema=table.schema)
    else:
        try:
            rows = rows.select(table.schema.names).cast(table.schema)
        except (KeyError, ValueError) as error:
            raise ContractError(f"raw.{table.name}: {error}") from error
    for field in table.schema:
        if not field.nullable and rows[field.name].null_count:
            raise ContractError(f"raw.{table.name}.{field.name}: a value is missing, and the column requires one")
    return rows.sort_by([(name, "ascending") for name in table.sort_by])


def write_partition(
    layout: Layout,
    table_name: str,
    rows: Iterable[Mapping[str, Any]] | pa.Table,
    *,
    file_stem: str,
    partition: Mapping[str, str] | None = None,
    replace: bool = False,
) -> Path:
    """Write one immutable file into one partition of a raw table and return its path.

    Args:
        layout: the warehouse.
        table_name: a name in `RAW_TABLES`.
        rows: dictionaries or an Arrow table; checked against the contract and sorted.
        file_stem: name of the file without suffix; the same stem replaces the same file.
        partition: value of each of the table's `partition_by` columns, in that order.
        replace: also remove every other file of the partition, once the new one is in place.

    Raises:
        ContractError: see `to_table`; also when `partition` does not name the table's partition columns.
    """
    table = RAW_TABLES[table_name]
    values = dict(partition or {})
    if tuple(values) != table.partition_by:
        raise ContractError(
            f"raw.{table_name}: got partition columns {tuple(values)}; pass {table.partition_by}, in this order"
        )
    folder = layout.partition(table_name, values)
    path = folder / f"{file_stem}.parquet"
    data = to_table(table, rows)
    with atomic_writer(path, table.schema) as writer:
        writer.write_table(data, row_group_size=ROW_GROUP_ROWS)
    if replace:
        for other in folder.glob("*.parquet"):
            if other not in (path, folder / EMPTY_FILE):
                other.unlink()
    return path


def read_rows(path: Path, table: RawTable) -> pa.Table:
    """The rows of one file with the contract's columns; those that came after the file was written are NULL."""
    with pq.ParquetFile(path) as file:
        found = file.read()
    later = [field for field in table.schema if field.name not in found.column_names]
    for field in later:
        found = found.append_column(field, pa.nulls(found.num_rows, field.type))
    return found.select(table.schema.names).cast(table.schema)


def remove(path: Path) -> None:
    """Remove a file for good, if it is there: what is written next is on the disk after that."""
    if path.exists():
        path.unlink()
        flush_folder(path.parent)


def ensure_empty_files(layout: Layout) -> None:
    """Give every raw table a zero-row file with the current columns, so that dbt can always read it.

    Beside files of an older version it is what gives the table the columns that they lack, as NULL.
    """
    for table in RAW_TABLES.values():
        path = layout.raw_table(table.name) / EMPTY_FILE
        if path.exists() and pq.read_schema(path).equals(table.schema):
            continue
        with atomic_writer(path, table.schema):
            pass


def _array(table: RawTable, field: pa.Field, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, type=field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError) as error:
        raise ContractError(f"raw.{table.name}.{field.name}: {error}; expected {field.type}") from error
