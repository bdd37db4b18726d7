"""Files of other tools that a mapping comes with the package for, told by the paths that their rows have."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from ingestion.logs.records import RefusedFileError, Unreadable
from ingestion.logs.table.files import table_rows
from ingestion.logs.table.mapping import Mapping
from ingestion.logs.table.mapping_file import SHIPPED, load_mapping
from ingestion.logs.table.paths import lookup_all

_FIRST_ROWS = 20


def known_shape(path: Path) -> Path | None:
    """The shipped mapping that fits a file: the one with the most paths of those whose paths its rows all have."""
    fitting = []
    for shipped in sorted(SHIPPED.glob("*.yaml")):
        mapping = load_mapping(shipped)
        if mapping.recognised_by and _fits(path, mapping):
            fitting.append((len(mapping.recognised_by), shipped))
    return max(fitting)[1] if fitting else None


def _fits(path: Path, mapping: Mapping) -> bool:
    try:
        found = [
            row for _, row in islice(table_rows(path, rows=mapping.rows, delimiter=mapping.delimiter), _FIRST_ROWS)
        ]
    except RefusedFileError:
        return False
    rows = [row for row in found if not isinstance(row, Unreadable)]
    return bool(rows) and all(
        any(any(True for _ in lookup_all(row, field)) for row in rows) for field in mapping.recognised_by
    )
