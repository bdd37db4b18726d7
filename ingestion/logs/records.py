"""What a reader of logs hands over, and what a reader is. Readers know nothing of files in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class RefusedFileError(Exception):
    """The whole file cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a log is of. Every log gives exactly one."""

    run_id: str | None
    run_status: str
    task: str | None
    model_id: str | None
    tool_version: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a raw table, without `source`, `import_id` and `ingested_at`, which the importer adds.

    Rows of `items`, `conditions` and `models` may repeat; the first one of a key is kept. An item comes before its
    samples, and a sample's unit tests and grades right after it.

    Attributes:
        table: a raw table's name.
        values: its columns.
        unscored: of a sample without a score, why there is none ("its value is NaN"), where the reader knows.
    """

    table: str
    values: dict[str, Any]
    unscored: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """What the scores of the file come from: "scorer 'match'", "metric 'acc'", "column 'reward'"."""

    name: str


@dataclass(frozen=True, slots=True)
class ScoresWithdrawn:
    """Only now that the whole file was seen: none of its scores is a graded outcome. They become NULL and are counted.

    Attributes:
        reason: why, and how a person can say what they mean.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class GradesMeant:
    """Only now that the whole file was seen: what a grader's words and numbers mean; its rows of `grades` came before.

    Attributes:
        grader: the grader, as in its rows.
        meanings: what it wrote → graded outcome; what is not in it has none.
    """

    grader: str
    meanings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of the file that could not be read: a row of the quarantine."""

    place: str
    reason: str
    excerpt: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the whole file that the person who imports it must know; nothing was lost."""

    text: str


Record = Run | Row | ScoredBy | ScoresWithdrawn | GradesMeant | Unreadable | Notice


class LogFormat(Protocol):
    """One kind of log. To add a kind, write one of these and list it in `ingestion.logs.formats`."""

    name: str
    """The word for it on the command line, and the value of `source` in the raw layer."""

    suffixes: tuple[str, ...]
    """Which files of a folder to look at, in lower case; none if a log is a folder."""

    @property
    def reader_version(self) -> int:
        """To be raised whenever the same file would give other rows: known files are then read again."""

    def is_current(self, version: int) -> bool:
        """Whether a file that a reader of that version read need not be read again."""

    def sniff(self, path: Path) -> bool:
        """Whether the file's first bytes look like this kind of log; some logs are folders. Never raises on content."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Other files that are read with this one; a file is known by its content and theirs."""

    def read(self, path: Path) -> Iterator[Record]:
        """What is in the log.

        Raises:
            RefusedFileError: if nothing of it can be read.
        """
