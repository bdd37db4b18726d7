"""The book of a partition's batches, in its folder: what was submitted, on disk before it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from warehouse.durable import flush

BOOK = "batches.ndjson"


class _Entry(msgspec.Struct, omit_defaults=True):
    """A line of the book: an event in the life of the batch `key`."""

    event: str
    key: str
    at: datetime
    batch_id: str | None = None
    samples: list[tuple[str, str, str, int]] | None = None  # item id, item digest, context id, epoch


@dataclass
class OpenBatch:
    """A batch that is not collected yet.

    Attributes:
        key: our name for it; its custom ids are the key and a number.
        intended_at: when its submission began.
        samples: what it asks for: item id, item digest, context id, epoch.
        batch_id: the provider's name for it; None if that was lost.
        most_usd: what is set aside for it in the budget of this run.
    """

    key: str
    intended_at: datetime
    samples: list[tuple[str, str, str, int]]
    batch_id: str | None = None
    most_usd: float = 0.0


class Book:
    """The batches of a partition, on disk before anything is submitted. Only for the holder of the lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / BOOK
        self.open: dict[str, OpenBatch] = {}
        known: set[str] = set()
        for entry in self._entries():
            if entry.event == "intended":
                self.open[entry.key] = OpenBatch(entry.key, entry.at, entry.samples or [])
            elif entry.event == "submitted" and entry.key in self.open and entry.batch_id:
                self.open[entry.key].batch_id = entry.batch_id
                known.add(entry.batch_id)
            else:
                self.open.pop(entry.key, None)
        self.known_ids = known

    def intend(self, batch: OpenBatch) -> None:
        """Write down what is about to be submitted."""
        self._write(_Entry("intended", batch.key, batch.intended_at, samples=batch.samples))
        self.open[batch.key] = batch

    def submitted(self, batch: OpenBatch, batch_id: str) -> None:
        """Write down the provider's name for it."""
        self._write(_Entry("submitted", batch.key, datetime.now(UTC), batch_id=batch_id))
        batch.batch_id = batch_id
        self.known_ids.add(batch_id)

    def close(self, batch: OpenBatch, event: str) -> None:
        """Write down that it was collected, or that there never was one."""
        self._write(_Entry(event, batch.key, datetime.now(UTC)))
        del self.open[batch.key]

    def _entries(self) -> Iterator[_Entry]:
        if not self._path.exists():
            return
        decoder = msgspec.json.Decoder(_Entry)
        for line in self._path.read_bytes().split(b"\n")[:-1]:
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:  # torn by a crash, so nothing was submitted after it
                continue

    def _write(self, entry: _Entry) -> None:
        # A torn line of a killed run is ended first, so that it does not swallow this one.
        with self._path.open("ab") as handle:
            handle.write(b"\n" + msgspec.json.encode(entry) + b"\n")
            handle.flush()
            flush(handle.fileno())
