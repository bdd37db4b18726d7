"""A row that holds several samples, taken apart: k answers in a list, parallel lists, wide columns, keys as values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingestion.logs.table.mapping import Each
from ingestion.logs.table.paths import Misfit, unfold

Part = tuple[str, dict[str, Any]]
"""Place within the row (`value 2`, `column run1`), and the row with `each` and `each_key` in it."""


def parts(row: dict[str, Any], each: Each) -> Iterator[Part]:
    """The samples of one row. Each part is the row with two fields more.

    `each` is the element (with parallel lists or named columns an object of elements), `each_key` its place from 0, or
    what the column's name says. Keys that a path names (`{run}`) are fields too.

    Raises:
        ValueError: if there is no such list, or the lists do not go together; the message says which.
    """
    if each.columns is not None:
        return _columns(row, each.columns)
    if each.lists:
        return _lists(row, each.lists)
    assert each.path is not None
    return _elements(row, each.path)


def _elements(row: dict[str, Any], path: str) -> Iterator[Part]:
    found = _unfolded(row, path)
    if not found and not _is_empty(row, path):
        raise ValueError(f"each: there is nothing at {path!r} in this row")
    for place, (keys, element) in enumerate(found):
        if clash := keys.keys() & row.keys():
            raise ValueError(f"each: the row has a field {min(clash)!r} already; give {{{min(clash)}}} another name")
        yield f"value {place + 1}", {**row, **keys, "each": element, "each_key": place}


def _unfolded(row: dict[str, Any], path: str) -> list[tuple[dict[str, str], Any]]:
    misfits: list[Misfit] = []
    found = list(unfold(row, path, misfits))
    if wrong := [keys for keys, is_missing in misfits if not is_missing]:
        where = " / ".join(wrong[0].values())
        raise ValueError(f"each: {f'{where}: ' if where else ''}there is something else than a list at {path!r}")
    return found


def _is_empty(row: dict[str, Any], path: str) -> bool:
    """Whether the list is there and has no elements: a row without samples, which is no fault of the path."""
    head, _, rest = path.rpartition("[*]")
    return not rest and bool(head) and any(value in ([], "[]") for _, value in unfold(row, head))


def _lists(row: dict[str, Any], lists: dict[str, str]) -> Iterator[Part]:
    found = {name: [value for _, value in _unfolded(row, path)] for name, path in lists.items()}
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"each: the lists have different lengths ({told}), so they do not go together")
    for place in range(next(iter(lengths.values()))):
        element = {name: values[place] for name, values in found.items()}
        yield f"value {place + 1}", {**row, "each": element, "each_key": place}


def _columns(row: dict[str, Any], pattern: str) -> Iterator[Part]:
    matches = [match for name in row if (match := re.fullmatch(pattern, name))]
    if not matches:
        raise ValueError(f"each: no column of this row matches {pattern!r}; it has {', '.join(map(str, row))[:300]}")
    if "name" not in re.compile(pattern).groupindex:
        for match in matches:
            if row[match[0]] not in (None, ""):
                yield f"column {match[0]}", {**row, "each": row[match[0]], "each_key": match[1]}
        return
    groups: dict[str, dict[str, Any]] = {}
    for match in matches:
        groups.setdefault(match["key"], {})[match["name"]] = row[match[0]]
    for key, element in groups.items():
        if any(value not in (None, "") for value in element.values()):
            yield f"columns {key}", {**row, "each": element, "each_key": key}
