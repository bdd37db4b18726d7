"""The mapped entries of a row: one value, one text, one key each, and which fields were never there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from typing import Any

from ingestion.logs.table.mapping import Mapping, Value
from ingestion.logs.table.paths import MISSING, lookup_all, plain_text
from ingestion.logs.table.values import evaluate
from ingestion.text import clip, clip_key

_LONGEST_KEY = 1_000
_MAY_BE_JSON = ("question", "reasoning", "error")
"""Entries that may hold messages or objects, which are kept as JSON; every other text is one value."""


class Fields:
    """Looks the entries of one mapping up in the rows of one file.

    Args:
        mapping: which field is what.
        file_name: name of the file.
    """

    def __init__(self, mapping: Mapping, file_name: str) -> None:
        self._mapping = mapping
        self._file_name = file_name
        self.absent = {name for name, value in _entries(mapping) if value.field is not None and not value.optional}
        """Entries of the mapping whose field was in no row so far, though it is not optional."""

    def get(self, row: AbstractMapping[str, Any], name: str, value: Value | None = None) -> Any:
        """What an entry is in this row, None if it is not mapped, missing or empty.

        Raises:
            ValueError: if a path leads to several values, or the entry's own rules do not fit; names the entry.
        """
        value = value if value is not None else getattr(self._mapping, name)
        if value is None:
            return None
        try:
            found = evaluate(value, row, self._file_name)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if found is MISSING:
            return None
        self.absent.discard(name)
        return found

    def text(self, row: AbstractMapping[str, Any], name: str, longest: int) -> str | None:
        """An entry as one text of at most `longest` characters.

        Raises:
            ValueError: if it holds several values.
        """
        found = self.get(row, name)
        if found is None or found == "":
            return None
        return clip(one_text(name, found) if isinstance(found, dict | list) else plain_text(found), longest)

    def key(self, row: AbstractMapping[str, Any], name: str) -> str:
        """An entry that tells rows apart. Long ones keep their beginning and end in a hash of the whole.

        Raises:
            ValueError: if it is empty.
        """
        text = self.text(row, name, 10_000_000)
        if text is None:
            raise ValueError(f"{name} is empty; every row needs one")
        return clip_key(text, _LONGEST_KEY)

    def note_absent(self, row: AbstractMapping[str, Any]) -> None:
        """See which fields a row has that could not be read to its end."""
        for name, value in _entries(self._mapping):
            if name in self.absent and value.field is not None and any(True for _ in lookup_all(row, value.field)):
                self.absent.discard(name)


def one_text(name: str, found: dict[str, Any] | list[Any]) -> str:
    """A text for what holds several values: the parts of one text are one; anything else is refused.

    Raises:
        ValueError: if it is not one text.
    """
    if isinstance(found, list) and found and all(isinstance(part, dict) and "text" in part for part in found):
        return "".join(plain_text(part["text"]) for part in found)
    if name in _MAY_BE_JSON:
        return json.dumps(found, ensure_ascii=False, default=plain_text)
    if isinstance(found, dict):
        raise ValueError(f"{name} is an object with {', '.join(map(str, found))[:200]}; name one of its fields")  # noqa: TRY004
    raise ValueError(
        f"{name} is a list of {len(found)} values and a sample has one; name one ([0]), or make a sample of each "
        "(each: …)"
    )


def _entries(mapping: Mapping) -> Iterator[tuple[str, Value]]:
    for name in Mapping.model_fields:
        value = getattr(mapping, name)
        if isinstance(value, Value):
            yield name, value
    yield from ((f"condition.{name}", value) for name, value in mapping.condition.items())
