"""Which columns of a table tell conditions apart: by their name, and by what would be mixed up without them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ingestion.logs.table.names import CONDITION_NAMES, plain_name
from ingestion.logs.table.paths import MISSING, SeveralValuesError, lookup, plain_text
from ingestion.logs.table.values import as_number

_MOST_CONDITIONS = 50
_FEWEST_ITEMS = 2


def is_condition_name(column: str) -> bool:
    """Whether a column's name says that it was held fixed while repeating."""
    return plain_name(column) in CONDITION_NAMES


def separating_columns(rows: list[dict[str, Any]], keys: list[str], candidates: list[str]) -> list[str]:
    """Of the candidates, those that tell rows of one key apart, each value with many keys: unnamed conditions.

    Args:
        rows: the first rows of the table.
        keys: columns that should tell every row apart, the epoch among them; without an epoch nothing can be told.
        candidates: columns that nothing is known of.
    """
    by_key: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        by_key.setdefault(tuple(_value(row, key) for key in keys), []).append(row)
    doubles = [group for group in by_key.values() if len(group) > 1]
    if not doubles or len(by_key) < _FEWEST_ITEMS:
        return []
    found = []
    for column in candidates:
        values = {_value(row, column) for row in rows}
        differ = all(len({_value(row, column) for row in group}) == len(group) for group in doubles)
        if differ and 1 < len(values) <= min(_MOST_CONDITIONS, len(rows) // 2):
            found.append(column)
    return found[:1]


def is_crossed(rows: list[dict[str, Any]], item: str, column: str) -> bool:
    """Whether a column takes the same few values with every item, so that it is no property of the item."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(_value(row, item), set()).add(_value(row, column))
    values = set().union(*seen.values()) if seen else set()
    return (
        1 < len(values) <= _MOST_CONDITIONS
        and len(seen) >= _FEWEST_ITEMS
        and all(own == values for own in seen.values())
    )


def is_arm(rows: list[dict[str, Any]], item: str, column: str) -> bool:
    """Whether every item was done equally often under each value of a column: an arm of the study, not a repeat.

    Numbers of which every item has each once count repeats.
    """
    if not is_crossed(rows, item, column):
        return False
    cells: dict[str, Counter[str]] = {}
    for row in rows:
        cells.setdefault(_value(row, item), Counter())[_value(row, column)] += 1
    counts = {n for cell in cells.values() for n in cell.values()}
    values = next(iter(cells.values()))
    return len(counts) == 1 and (counts != {1} or not all(as_number(value) is not None for value in values))


def _value(row: dict[str, Any], path: str) -> str:
    try:
        found = lookup(row, path)
    except SeveralValuesError:
        return ""
    return "" if found is MISSING else plain_text(found)
