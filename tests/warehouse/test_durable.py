from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from warehouse import cores, durable
from warehouse.lock import LockedError, locked
from warehouse.parquet import atomic_path


def test_macos_is_asked_to_go_through_the_drives_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(durable, "_FULL_FSYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", lambda descriptor, command: asked.append(command))
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("it stops at the drive's cache"))
    with atomic_path(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert asked == [51, 51], "the file, then its name"
    assert (tmp_path / "file").read_text() == "whole"


def test_shared_folders_that_cannot_flush_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    folder = tmp_path.stat().st_ino

    def cannot(*given: int) -> None:
        if len(given) > 1 or os.fstat(given[0]).st_ino == folder:
            raise OSError(errno.ENOTSUP, "Operation not supported")
        real(given[0])

    monkeypatch.setattr(durable, "_FULL_FSYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", cannot)
    monkeypatch.setattr(os, "fsync", cannot)
    with atomic_path(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "file").read_text() == "whole"


def test_a_full_disk_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), atomic_path(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_not_taken_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*given: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", cannot)
    with pytest.raises(LockedError, match="has no locks"), locked(tmp_path / "lock", "another ({holder}) is at work"):
        pass


def test_cores_are_counted_where_a_process_cannot_be_bound_to_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores.n_cores() == os.cpu_count()
