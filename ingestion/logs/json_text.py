"""JSON as tools write it: decoded into typed structs, with NaN, infinities and broken surrogates made harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from ingestion.text import clip

BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What decoding raises on hostile or damaged text."""

MAX_VALUES = 10_000_000
"""Most values of a line, a row or a sample: a value of two bytes takes a hundred in memory."""

MAX_FILE_VALUES = 50_000_000
"""Most values of a file that is read whole."""

_T = TypeVar("_T")


def decode(data: bytes | Raw, kind: type[_T], *, max_values: int = MAX_VALUES) -> _T:
    """JSON bytes as a struct. Bare NaN and infinities, which Python tools write, become null.

    Raises:
        ValueError: if there may be more than `max_values` values.
        msgspec.DecodeError: if the bytes are no JSON; its subclass ValidationError names the field that does not fit.
        UnicodeDecodeError: if a text is not UTF-8.
        RecursionError: if the JSON is nested too deeply.
    """
    if memoryview(data).nbytes > max_values and sum(map(bytes(data).count, (b",", b"[", b"{"))) > max_values:
        raise ValueError(f"over the limit of {max_values} values")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        standard = _standard_json(bytes(data))
        if standard == bytes(data):
            raise
        try:
            return msgspec.json.decode(standard, type=kind)
        except msgspec.DecodeError as second:
            raise second from error


class RepeatedKeyError(ValueError):
    """An object names a key twice and means two things by it."""


def check_keys(data: bytes | Raw, value: object) -> None:
    """Refuse JSON in which an object names a key twice, with different values: decoding keeps the last in silence.

    As many keys as there are marks behind keys is no repeat; only where they differ, keys are looked at one by one,
    which takes three times as long.

    Args:
        data: a row.
        value: what it was decoded to.

    Raises:
        RepeatedKeyError: which names the key.
    """
    text, n_keys = bytes(data), _n_keys(value)
    n_marks = text.count(b'":') + text.count(b'" :')
    if n_marks != n_keys and n_marks - text.count(b'\\":') - text.count(b'\\" :') != n_keys:  # those within texts
        json.loads(text, object_pairs_hook=without_repeats, parse_int=str, strict=False)


def without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its keys and values, for the standard library's reader; raises as `check_keys` does."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if found[name] != value:
                raise RepeatedKeyError(f"names {clip(name, 100)!r} twice, with different values; keep one of them")
    return found


def _n_keys(value: object) -> int:
    n_keys, inside = 0, [value]
    while inside:
        one = inside.pop()
        if isinstance(one, dict):
            n_keys += len(one)
            inside += [each for each in one.values() if isinstance(each, dict | list)]
        elif isinstance(one, list):
            inside += [each for each in one if isinstance(each, dict | list)]
    return n_keys


def decode_object(data: Raw) -> dict[str, Any]:
    """A raw JSON object as a dictionary; anything else, null among it, as an empty one."""
    value = decode(data, object)
    return value if isinstance(value, dict) else {}


def why(error: BaseException) -> str:
    """One of `BAD_JSON` in words for people."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8: {error.reason} at byte {error.start}"
    return clip(str(error), 300)


_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL
)


def _standard_json(data: bytes) -> bytes:
    """The same JSON with NaN and infinities as null, and half surrogate pairs as U+FFFD. One linear pass."""
    return _TOKEN.sub(_standard_token, data)


def _standard_token(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if not token.startswith(b'"'):
        return b"null"
    return _ESCAPE.sub(_standard_escape, token) if b"\\u" in token else token


def _standard_escape(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if len(match[0]) == 6 else match[0]
