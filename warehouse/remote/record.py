"""What this warehouse and an object store had in common last: the base on which changes of either are told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse.layout import Layout
from warehouse.parquet import atomic_path
from warehouse.remote.store import Remote, sha256_of


@dataclass(frozen=True)
class Known:
    """A raw file that was the same here and there.

    Attributes:
        sha256: of its content.
        size: in bytes, as the store listed it.
        e_tag: the store's name for that content.
        mtime_ns: when the file here was written; while it stays so, nothing has to be hashed.
        is_fetched: whether it came from there, rather than went there.
    """

    sha256: str
    size: int
    e_tag: str | None
    mtime_ns: int
    is_fetched: bool

    @classmethod
    def of(cls, file: Path, remote: Remote, sha256: str, *, is_fetched: bool) -> Known:
        """A file of this machine and the object that it is the same as."""
        return cls(sha256, remote.size, remote.e_tag, file.stat().st_mtime_ns, is_fetched)

    def is_still(self, remote: Remote | None) -> bool:
        """Whether the store holds the same content still."""
        return remote is not None and (remote.size, remote.e_tag) == (self.size, self.e_tag)

    def is_still_here(self, file: Path) -> bool:
        """Whether the file of this machine is the same still."""
        if not file.is_file() or (facts := file.stat()).st_size != self.size:
            return False
        return facts.st_mtime_ns == self.mtime_ns or sha256_of(file) == self.sha256


def known(layout: Layout, address: str) -> dict[str, Known]:
    """Path → what was the same here and at that address; without it, files are compared by content."""
    return {path: Known(**told) for path, told in _read(layout).get(address, {}).items()}


def remember(layout: Layout, address: str, files: Mapping[str, Known]) -> None:
    """Keep what `known` is to say of that address from now on."""
    told = _read(layout) | {address: {path: asdict(file) for path, file in sorted(files.items())}}
    with atomic_path(layout.remote_record) as temporary:
        temporary.write_text(json.dumps(told, indent=1), encoding="utf-8")


def fetched_from(layout: Layout, path: str) -> str | None:
    """The address from which a raw file was fetched; None where it was made here."""
    of_path = ((address, files[path]) for address, files in _read(layout).items() if path in files)
    return next((address for address, told in of_path if told["is_fetched"]), None)


def _read(layout: Layout) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        found: dict[str, dict[str, dict[str, Any]]] = json.loads(layout.remote_record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
