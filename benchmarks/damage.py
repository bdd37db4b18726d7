"""What was done to a copy of a log, and what is wrong with the rows that were read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestion.logs.inspect.zip import Archive

Key = tuple[str, str, str, int]
"""Task, model, item and epoch of a sample."""

Rows = dict[Key, list[dict[str, Any]]]


@dataclass(frozen=True)
class Damage:
    """What was done to a copy.

    Attributes:
        kind: in words.
        touched: samples whose part of the log was changed; None if any may have been.
        columns: columns that may differ in those samples; None for any.
        is_header: whether what all samples share was changed.
        is_countless: whether samples that were touched may be missing without a word: a table does not say how many
            rows it should have.
    """

    kind: str
    touched: frozenset[Key] | None = frozenset()
    columns: frozenset[str] | None = None
    is_header: bool = False
    is_countless: bool = False


@dataclass
class Original:
    """A log and what is read from it undamaged.

    Attributes:
        path: the log: a file, or the folder of a run of the SWE-bench harness.
        companions: files that are copied beside it.
        rows: its samples.
    """

    path: Path
    companions: tuple[Path, ...] = ()
    rows: Rows = field(default_factory=dict)
    said: tuple[str, ...] = ()
    """What its import says of rows that it leaves out."""
    is_log: bool = True
    """Whether a tool's own format says which samples a part of it is of; of a table, its keys do."""

    @property
    def n_completions(self) -> int:
        """Epochs for each sample of an Inspect log (`num_choices`)."""
        if self.path.suffix == ".eval":
            with Archive(self.path) as archive:
                header = json.loads(archive.read("header.json" if "header.json" in archive else "_journal/start.json"))
        else:
            header = json.loads(self.path.read_bytes())
        settings = {**header["plan"].get("config", {}), **header["eval"].get("model_generate_config", {})}
        return settings.get("num_choices") or 1

    def keys_of(self, item_id: str, epoch: int) -> frozenset[Key]:
        """The rows of one sample of an Inspect log."""
        n_completions = self.n_completions
        epochs = range((epoch - 1) * n_completions + 1, epoch * n_completions + 1)
        return frozenset(key for key in self.rows if key[2] == item_id and key[3] in epochs)


def wrong_rows(original: Original, damage: Damage, found: Rows, *, n_unread: int) -> list[str]:
    """What is wrong with the rows that were read from a damaged copy, in words; empty if nothing is.

    Args:
        original: the undamaged log.
        damage: what was done.
        found: the rows of the copy.
        n_unread: parts of the copy in quarantine; a whole refused file is one.
    """
    if damage.touched is None:
        return []
    problems: list[str] = []
    if damage.is_header:
        # The header names task and model, so rows are compared by what was drawn for an item.
        drawn = _drawn(original.rows)
        strange = (item for item, texts in _drawn(found).items() if texts - drawn.get(item, set()))
        problems += [f"{item}: a completion that nobody drew" for item in strange]
        n_found, n_drawn = _count(found), _count(original.rows)
        if n_found < n_drawn and not n_unread:
            problems.append(f"{n_drawn - n_found} samples are lost in silence")
        return problems
    n_new = 0
    # One value on another scale takes the meaning from all of a scorer's.
    is_withdrawn = bool(damage.touched) and all(row["score"] is None for rows in found.values() for row in rows)
    for key, rows in found.items():
        expected = original.rows.get(key, [])
        if is_withdrawn:
            expected = [row | {"score": None} for row in expected]
        for row in rows:
            if row in expected:
                continue
            if not damage.touched:
                problems.append(f"{key}: {_difference(row, expected)} although nothing in it was changed")
            elif key not in damage.touched or (key in original.rows and len(rows) > len(expected)):
                n_new += 1  # a sample whose key was changed may turn up anywhere, once
            elif damage.columns is not None and (other := _differing(row, expected[0]) - damage.columns):
                problems.append(f"{key}: {', '.join(sorted(other))} changed, which are not read from {damage.kind}")
    if n_new > sum(len(original.rows.get(key, ())) or 1 for key in damage.touched):
        problems.append(f"{n_new} rows that the log does not hold")
    lost = [key for key in original.rows if key not in found and key not in damage.touched]
    n_lost = len(lost)
    if not damage.is_countless:
        n_lost += max(0, len(damage.touched - found.keys()) - n_new)
    if n_lost and not n_unread:
        problems.append(f"{n_lost} samples are lost in silence")
    return problems


def _drawn(rows: Rows) -> dict[str, set[Any]]:
    drawn: dict[str, set[Any]] = {}
    for key, found in rows.items():
        drawn.setdefault(key[2], set()).update(row["completion"] for row in found)
    return drawn


def _count(rows: Rows) -> int:
    return sum(map(len, rows.values()))


def _differing(row: Mapping[str, Any], expected: Mapping[str, Any]) -> set[str]:
    return {name for name in row if row[name] != expected[name]}


def _difference(row: Mapping[str, Any], expected: list[dict[str, Any]]) -> str:
    return f"{sorted(_differing(row, expected[0]))} differ" if expected else "no such sample"
