"""The survey (paper, Fig 4b): a CSV with one rank per rater, entity and attribute → `raw.survey_rankings`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.records import Notice, Record, RefusedFileError, Row, Run, Unreadable
from ingestion.logs.table.files import table_rows
from ingestion.logs.table.values import as_number
from ingestion.text import clip

COLUMNS = ("rater_id", "entity", "entity_group", "attribute", "rank")
ATTRIBUTES = ("intelligence", "incoherence")
_HEAD_BYTES = 4_096


class SurveyFormat:
    """Rankings: a CSV whose header is `rater_id,entity,entity_group,attribute,rank`, in any order."""

    name = "survey"
    suffixes: tuple[str, ...] = (".csv",)
    reader_version = 1

    def is_current(self, version: int) -> bool:
        """Whether that is the version."""
        return version == self.reader_version

    def sniff(self, path: Path) -> bool:
        """Whether it is a CSV with that header."""
        if path.suffix.lower() not in self.suffixes:
            return False
        try:
            with path.open("rb") as handle:
                head = handle.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
        except OSError:
            return False
        names = head.partition(b"\n")[0].decode("utf-8", "replace").strip().split(",")
        return sorted(name.strip('"') for name in names) == sorted(COLUMNS)

    def companions(self, path: Path) -> tuple[Path, ...]:
        """None."""
        return ()

    def read(self, path: Path) -> Iterator[Record]:
        """The rankings; a rater ranks an entity once on each attribute."""
        yield Run(None, "success", "survey", None, None)
        seen: set[tuple[str, ...]] = set()
        for place, row in table_rows(path):
            if isinstance(row, Unreadable):
                yield row
                continue
            try:
                values = _ranking(row)
            except ValueError as error:
                yield Unreadable(place, str(error), clip(str(row), 500))
                continue
            key = (values["rater_id"], values["entity"], values["attribute"])
            if key in seen:
                yield Unreadable(place, f"{key[0]} ranks {key[1]!r} twice by {key[2]}; the first rank counts")
                continue
            seen.add(key)
            yield Row("survey_rankings", values)
        if not seen:
            raise RefusedFileError("no ranking in it can be read")
        yield Notice(f"{len(seen)} rankings of {len({key[1] for key in seen})} entities")


def _ranking(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: clip(str(row.get(name) or "").strip(), 500) for name in COLUMNS[:-1]}
    if empty := [name for name, value in values.items() if not value]:
        raise ValueError(f"{empty[0]} is empty; every ranking needs one")
    values["attribute"] = values["attribute"].lower()
    if values["attribute"] not in ATTRIBUTES:
        raise ValueError(f"attribute is {values['attribute']!r}; it must be {' or '.join(ATTRIBUTES)}")
    rank = as_number(row.get("rank"))
    if rank is None or rank < 1:
        raise ValueError(f"rank is {row.get('rank')!r}; it must be a number from 1")
    return {**values, "rank": float(rank)}
