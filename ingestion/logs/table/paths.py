"""Paths into a record: `info.task.user_id`, `traj[-1].content`, `traj[*].tool_calls[*]`.

A field whose whole name is the path comes first, dots or not. A path that goes on inside a text reads that text as
JSON, so that a column of JSON in a CSV file is as good as an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from ingestion.logs.json_text import BAD_JSON, decode

_STEP = re.compile(r"(?:^|\.)(?P<name>[^.\[\]]+)|\[(?P<index>-?\d{1,9}|\*)\]")


class _Missing:
    """What a path that leads nowhere gives; a field that is there and empty gives None."""

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@lru_cache(maxsize=4_096)
def parse_path(path: str) -> tuple[str | int | None, ...]:
    """The steps of a path: names, indices, and None for `[*]`.

    Raises:
        ValueError: if it is no path.
    """
    steps: list[str | int | None] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise ValueError(f"{path!r} is no path; write it like info.task, traj[-1].content or traj[*].tool_calls[*]")
        index = match["index"]
        steps.append(match["name"] if index is None else None if index == "*" else int(index))
        position = match.end()
    if not steps:
        raise ValueError("an empty path names no field")
    return tuple(steps)


def lookup(record: Any, path: str) -> Any:
    """The value at a path, the first one if there are several; `MISSING` if it leads nowhere."""
    return next(lookup_all(record, path), MISSING)


def lookup_all(record: Any, path: str) -> Iterator[Any]:
    """Every value at a path; several if it has `[*]`."""
    if isinstance(record, dict) and path in record:
        yield record[path]
        return
    yield from _walk(record, parse_path(path))


def _walk(value: Any, steps: tuple[str | int | None, ...]) -> Iterator[Any]:
    for position, step in enumerate(steps):
        if isinstance(value, str):
            value = _as_json(value)
        if step is None:
            for element in value if isinstance(value, list) else ():
                yield from _walk(element, steps[position + 1 :])
            return
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return
            value = value[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return
            value = value[step]
    yield value


def _as_json(text: str) -> Any:
    try:
        return decode(text.encode("utf-8", "replace"), object)
    except (msgspec.DecodeError, *BAD_JSON):
        return MISSING
