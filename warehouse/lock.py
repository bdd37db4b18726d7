"""One process at a time: a lock that the system releases when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockedError(RuntimeError):
    """Another process, or another part of this one, is at work, or cannot be kept out; the message says what to do."""


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock file `path` for this process.

    Args:
        path: the lock; it stays behind, and means nothing while nobody holds it.
        doing: what the holder does, for the message: "another sampler ({holder}) is working on this partition".

    Raises:
        LockedError: if it is held already, or the file system cannot lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read(100).strip() or "unknown"
            raise LockedError(
                f"{path.parent}: {doing.format(holder=f'process {holder}')}; "
                "wait until it has ended, or stop it, and run this again"
            ) from None
        except OSError as error:  # network and shared folders: going on without a lock would not be safe
            raise LockedError(
                f"{path}: the file system of this folder has no locks ({error.strerror}); put the warehouse on a disk "
                "of this machine (WAREHOUSE_ROOT)"
            ) from None
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file `path` at this moment; nothing is written, not even the file."""
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
