"""Paths into a record: `info.task.user_id`, `traj[-1].content`, `stats[name=exact_match].mean`, `traj[*].calls[*]`.

A field whose whole name is the path comes first, dots or not. A path that goes on inside a text reads that text as
JSON, so that a column of JSON in a CSV file is as good as an object. A path that is unfolded into rows (`rows`, `each`)
may also say `{name}`: every key of an object, remembered under that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import msgspec

from ingestion.logs.json_text import BAD_JSON, decode

_STEP = re.compile(
    r"(?:^|\.)(?P<name>[^.\[\]{}]+)"
    r"|\[(?P<index>-?\d{1,9}|\*)\]"
    r"|\[(?P<pick>[^\[\]=*{}]+)=(?P<wanted>[^\[\]]*)\]"
    r"|(?:^|\.)\{(?P<keys>[A-Za-z_]\w*)\}"
)


class _Missing:
    """What a path that leads nowhere gives; a field that is there and empty gives None."""

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


Misfit = tuple[dict[str, str], bool]
"""The keys on the way to a place where a path does not lead on, and whether there is nothing."""

_EMPTY: Final[tuple[Any, ...]] = (None, [], {})


class SeveralValuesError(ValueError):
    """A path that is to give one value gives several."""


@dataclass(frozen=True, slots=True)
class Every:
    """`[*]`: every element of a list."""


@dataclass(frozen=True, slots=True)
class Pick:
    """`[path=text]`: the elements of a list in which the value at `path` is that text."""

    path: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Keys:
    """`{name}`: the value of every key of an object; the key is remembered as `name`."""

    name: str


Step = str | int | Every | Pick | Keys


@lru_cache(maxsize=4_096)
def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        ValueError: if it is no path.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise ValueError(
                f"{path!r} is no path; write it like info.task, traj[-1].content, stats[name=exact_match].mean "
                "or traj[*].tool_calls[*]"
            )
        steps.append(_step(match))
        position = match.end()
    if not steps:
        raise ValueError("an empty path names no field")
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["name"] is not None:
        return match["name"]
    if match["index"] is not None:
        return Every() if match["index"] == "*" else int(match["index"])
    if match["keys"] is not None:
        return Keys(match["keys"])
    parse_path(match["pick"].strip())
    return Pick(match["pick"].strip(), match["wanted"].strip().strip("'\""))


def has_keys(path: str) -> bool:
    """Whether a path says `{name}` somewhere, which only paths that are unfolded may."""
    return any(isinstance(step, Keys) for step in parse_path(path))


def lookup(record: Any, path: str) -> Any:
    """The value at a path; `MISSING` if it leads nowhere.

    Raises:
        SeveralValuesError: if there are several; taking the first one would be a guess.
    """
    found = list(islice(lookup_all(record, path), 2))
    if len(found) > 1:
        n_values = sum(1 for _ in lookup_all(record, path))
        raise SeveralValuesError(
            f"{n_values} values at {path!r}, and one is needed; name one ([0], [-1], [name=value]), or make a sample "
            "of each (each: …)"
        )
    return found[0] if found else MISSING


def lookup_all(record: Any, path: str) -> Iterator[Any]:
    """Every value at a path; several if it has `[*]` or picks several elements."""
    return (value for _, value in unfold(record, path))


def unfold(record: Any, path: str, misfits: list[Misfit] | None = None) -> Iterator[tuple[dict[str, str], Any]]:
    """Every value at a path, each with the keys that `{name}` met on the way to it.

    Args:
        record: where the path begins.
        path: the path.
        misfits: takes up the keys that lead to something else than the list or object that the path asks for there, and
            whether it is missing; what is empty is none.
    """
    if isinstance(record, dict) and path in record:
        yield {}, record[path]
        return
    yield from _walk(record, parse_path(path), {}, [] if misfits is None else misfits)


def _walk(
    value: Any, steps: tuple[Step, ...], keys: dict[str, str], misfits: list[Misfit]
) -> Iterator[tuple[dict[str, str], Any]]:
    for position, step in enumerate(steps):
        if isinstance(value, str):
            value = _as_json(value) if value else None
        if isinstance(step, Every | Pick | Keys):
            rest = steps[position + 1 :]
            if not isinstance(value, dict if isinstance(step, Keys) else list) and value not in _EMPTY:
                misfits.append((keys, False))
            for key, element in _branches(value, step):
                yield from _walk(element, rest, {**keys, **key}, misfits)
            return
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                if value not in _EMPTY:
                    misfits.append((keys, isinstance(value, dict)))
                return
            value = value[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return
            value = value[step]
    yield keys, value


def _branches(value: Any, step: Every | Pick | Keys) -> Iterator[tuple[dict[str, str], Any]]:
    if isinstance(step, Keys):
        for key, element in value.items() if isinstance(value, dict) else ():
            yield {step.name: str(key)}, element
        return
    for element in value if isinstance(value, list) else ():
        if isinstance(step, Every) or any(plain_text(found) == step.wanted for found in lookup_all(element, step.path)):
            yield {}, element


def plain_text(value: Any) -> str:
    """A value as a text; a whole number without a point, so that 3.0 of one file is 3 of another."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _as_json(text: str) -> Any:
    try:
        return decode(text.encode("utf-8", "replace"), object)
    except (msgspec.DecodeError, *BAD_JSON):
        return MISSING
