"""Rounds: the eval sets of a partition. Each has a folder of its own, and its logs say which epochs it ran.

A round runs some items for some epochs, and Inspect numbers these from 1; `EPOCHS` in the log's metadata says which
they are (`ingestion.logs.inspect`). A round that was killed is gone on with as an eval set; what is wanted beyond it
makes another round, so no (item, epoch) is in two rounds unless it ended in an error in the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ingestion.logs.inspect.epochs import EPOCHS
from ingestion.logs.inspect.types import Header, Usage
from ingestion.logs.inspect.zip import Archive, MemberError
from ingestion.logs.records import RefusedFileError
from warehouse.parquet import atomic_path

MOST_SAMPLES = 1_000
"""Samples of a round: its log is imported when it ends, and is written again as a whole while it grows."""

_PLAN, _ENDED, _LOGS = "round.json", "ended", "logs"


Sample = tuple[str, int]
"""Item id and epoch in the partition."""


class _Summary(msgspec.Struct):
    """What a log's summaries say of a sample."""

    id: int | str
    epoch: int
    error: str | None = None
    limit: str | None = None
    model_usage: dict[str, Usage] = {}


@dataclass(frozen=True)
class Ran:
    """A sample that a round's log holds.

    Attributes:
        item_id: its item.
        epoch: its epoch in the partition.
        error: why it failed; None if it did not.
        input_tokens: read, as far as reported.
        output_tokens: written, as far as reported.
        cost_usd: as far as reported.
    """

    item_id: str
    epoch: int
    error: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True)
class Round:
    """One eval set of a partition.

    Attributes:
        folder: where it is.
        ids: its items.
        epochs: its epochs in the partition, in the order in which Inspect numbers them from 1.
    """

    folder: Path
    ids: tuple[str, ...]
    epochs: tuple[int, ...]

    @property
    def logs(self) -> Path:
        """Inspect's folder."""
        return self.folder / _LOGS

    @property
    def has_ended(self) -> bool:
        """Whether it came to its end; samples that failed for good are among it."""
        return self.ended_file.exists()

    @property
    def metadata(self) -> dict[str, Any]:
        """What its logs carry."""
        return {EPOCHS: list(self.epochs)}

    @property
    def samples(self) -> set[Sample]:
        """What it was to run."""
        return {(item, epoch) for item in self.ids for epoch in self.epochs}

    @property
    def ended_file(self) -> Path:
        """There once it came to its end."""
        return self.folder / _ENDED

    def done(self) -> set[Sample]:
        """What ran to an end that is no error."""
        return {key for key, sample in self.ran().items() if sample.error is None}

    def end(self) -> None:
        """It came to its end."""
        _write(self.ended_file, "")

    def newest_log(self) -> Path | None:
        """The log that holds all that the older ones hold; None if there is none yet."""
        logs = sorted(self.logs.glob("*.eval"), key=lambda path: path.stat().st_mtime_ns)
        return logs[-1] if logs else None

    def run_id(self) -> str | None:
        """Inspect's id of the run that wrote the newest log; None if there is none, or it cannot be read."""
        log = self.newest_log()
        if log is None:
            return None
        try:
            with Archive(log) as archive:
                name = "header.json" if "header.json" in archive else "_journal/start.json"
                spec = msgspec.json.decode(archive.read(name), type=Header).eval
        except (RefusedFileError, MemberError, msgspec.DecodeError, OSError):
            return None
        return spec.eval_id or spec.run_id

    def ran(self) -> dict[Sample, Ran]:
        """What its logs hold, by item and epoch; of several tries one that did not fail."""
        found: dict[Sample, Ran] = {}
        for log in sorted(self.logs.glob("*.eval"), key=lambda path: path.stat().st_mtime_ns):
            for summary in _summaries(log):
                if not 1 <= summary.epoch <= len(self.epochs):
                    continue
                sample = _ran(summary, self.epochs[summary.epoch - 1])
                before = found.get((sample.item_id, sample.epoch))
                if before is None or before.error is not None:
                    found[sample.item_id, sample.epoch] = sample
        return found


def _ran(summary: _Summary, epoch: int) -> Ran:
    usages = summary.model_usage.values()
    costs = [usage.total_cost for usage in usages if usage.total_cost is not None]
    return Ran(
        item_id=str(summary.id),
        epoch=epoch,
        error=summary.error,
        input_tokens=sum(
            (u.input_tokens or 0) + (u.input_tokens_cache_read or 0) + (u.input_tokens_cache_write or 0) for u in usages
        ),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
        cost_usd=sum(costs) if costs else None,
    )


def _summaries(log: Path) -> Iterator[_Summary]:
    """Of a finished log from its own list; of one that is being written, or was killed, from its journal."""
    try:
        with Archive(log) as archive:
            whole = "summaries.json" in archive
            names = [n for n in archive.names if n.startswith("_journal/summaries/")]
            for name in ["summaries.json"] if whole else names:
                yield from msgspec.json.decode(archive.read(name), type=list[_Summary])
    except (RefusedFileError, MemberError, msgspec.DecodeError, OSError):
        return  # nothing has been written yet; whoever imports it says what is wrong with it


def rounds(folder: Path) -> list[Round]:
    """The rounds of a partition, in their order."""
    found = []
    for path in sorted(folder.glob(f"round-*/{_PLAN}")):
        plan = json.loads(path.read_text(encoding="utf-8"))
        found.append(Round(path.parent, tuple(plan["ids"]), tuple(plan["epochs"])))
    return found


def begin(folder: Path, ids: Iterable[str], epochs: Iterable[int]) -> Round:
    """Write a new round down; only for the holder of the partition's lock."""
    numbers = [int(path.name.removeprefix("round-")) for path in folder.glob("round-[0-9]*")]
    begun = Round(folder / f"round-{max(numbers, default=0) + 1:04d}", tuple(ids), tuple(epochs))
    begun.logs.mkdir(parents=True)
    _write(begun.folder / _PLAN, json.dumps({"ids": begun.ids, "epochs": begun.epochs}))
    return begun


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@dataclass
class Wanted:
    """Items that want the same epochs.

    Attributes:
        epochs: which.
        items: their ids in the warehouse.
    """

    epochs: tuple[int, ...]
    items: list[str] = field(default_factory=list)


def next_round(missing: Iterable[Sample], most: int = MOST_SAMPLES) -> Wanted:
    """What to run next of what is missing: whole epochs of the items that want the same ones, the lowest first.

    Args:
        missing: what is missing; something is.
        most: samples that it may have; one epoch of the items at least, or so many of them.
    """
    by_item: dict[str, list[int]] = {}
    for item, epoch in missing:
        by_item.setdefault(item, []).append(epoch)
    groups: dict[tuple[int, ...], Wanted] = {}
    for item, epochs in by_item.items():
        key = tuple(sorted(epochs))
        groups.setdefault(key, Wanted(key)).items.append(item)
    first = min(groups.values(), key=lambda group: group.epochs)
    n_epochs = max(1, most // len(first.items))
    return Wanted(first.epochs[:n_epochs], first.items[: max(1, most)])
