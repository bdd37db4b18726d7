"""Which samples of a table a part of it is of, told by the keys that stand in it: whatever the table's shape is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from benchmarks.damage import Key, Original

_Path = list[str | int]


def keys_of_row(original: Original, line: bytes) -> set[Key]:
    """Samples whose model and item stand in a line of JSON or CSV; all if it names none."""
    text = line.decode("utf-8", "replace")
    try:
        texts = set(_texts(json.loads(text)))
    except (ValueError, RecursionError):
        try:
            texts = {cell for row in csv.reader([text]) for cell in row}
        except csv.Error:
            texts = set()
    return _keys_named(original, texts) or set(original.rows)


def keys_at(original: Original, document: Any, path: _Path) -> frozenset[Key]:
    """Samples that the value at a path belongs to: named on the way to it, or in the smallest part that names any."""
    around = [document]
    for step in path:
        try:
            around.append(around[-1][step])
        except (KeyError, IndexError, TypeError):  # the value was left out
            break
    on_the_way = {step for step in path if isinstance(step, str)}
    for part in reversed(around):
        if found := _keys_named(original, on_the_way | set(_texts(part))):
            return frozenset(found)
    return frozenset(original.rows)


def touched_rows(original: Original, before: bytes, after: bytes) -> frozenset[Key] | None:
    """Samples that differ between two states of a JSON table; None if that cannot be told."""
    try:
        first, second = json.loads(before), json.loads(after.decode("utf-8", "replace"))
        return frozenset(
            key
            for path in _differences(first, second, [])
            for document in (first, second)
            for key in keys_at(original, document, path)
        )
    except (ValueError, RecursionError):
        return None


def _differences(first: Any, second: Any, path: _Path) -> Iterator[_Path]:
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        for name in first:
            yield from _differences(first[name], second[name], [*path, name])
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for place, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _differences(one, other, [*path, place])
    elif first != second:
        yield path


def _keys_named(original: Original, texts: set[str]) -> set[Key]:
    has_one_model = len({key[1] for key in original.rows}) == 1  # which the file need not name
    return {key for key in original.rows if (has_one_model or key[1] in texts) and key[2] in texts}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
