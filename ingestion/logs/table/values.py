"""One mapped value of one row. Pure: what the mapping says, applied to what the row holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as AbstractMapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ingestion.logs.table.mapping import Value
from ingestion.logs.table.paths import MISSING, lookup, lookup_all, plain_text


def evaluate(value: Value, row: AbstractMapping[str, Any], file_name: str) -> Any:
    """What a mapped value is in this row; `MISSING` if the row has no such field, None if it is empty there.

    Raises:
        ValueError: if `times`, `add` or `steps` meets no number that it knows, or a path leads to several values.
    """
    if value.count is not None:
        found: Any = _count(value, row)
    elif value.file_name is not None:
        match = re.search(value.file_name, file_name)
        found = match[1] if match else MISSING
    elif value.field is not None:
        found = lookup(row, value.field)
    else:
        found = value.value
    if found is MISSING or found is None:
        return found
    if value.pattern is not None:
        matches = re.findall(value.pattern, plain_text(found))
        found = matches[-1] if matches else None
    if value.map:
        found = value.map.get(plain_text(found), found)
    if value.steps:
        return _step(value.steps, found)
    if value.times is not None or value.add is not None:
        number = as_number(found)
        if number is None:
            return found if found is None else _raise(f"{found!r} is no number; times and add need one")
        found = number * (1 if value.times is None else value.times) + (value.add or 0)
    return found


def _step(steps: dict[float, Any], found: Any) -> Any:
    number = as_number(found)
    begun = [start for start in steps if number is not None and start <= number]
    return steps[max(begun)] if begun else _raise(f"{found!r} is on none of the steps from {min(steps):g} on")


def _raise(message: str) -> Any:
    raise ValueError(message)


def _count(value: Value, row: AbstractMapping[str, Any]) -> int:
    assert value.count is not None
    elements = list(lookup_all(row, value.count))
    if not value.count.endswith("[*]"):
        elements = [element for found in elements if isinstance(found, list) for element in found]
    return sum(
        all(lookup(element, name) == wanted for name, wanted in value.where.items()) if value.where else True
        for element in elements
    )


def as_number(value: Any) -> float | int | None:
    """A value as a finite number; thousands separators are no numbers. None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, float | str | Decimal):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def as_integer(value: Any) -> int | None:
    """A value as a whole number, None if it is none."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value.strip(), re.ASCII):
        return int(value)
    number = as_number(value)
    return int(number) if number is not None and float(number).is_integer() and abs(number) < 2**63 else None


def as_moment(value: Any) -> datetime | None:
    """A value as a time in UTC: ISO 8601, or seconds since 1970. None if it is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    number = as_number(value)
    try:
        if number is not None:
            return datetime.fromtimestamp(number, UTC) if 0 <= number < 2**33 else None
        return as_moment(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
