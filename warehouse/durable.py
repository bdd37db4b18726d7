"""What is on disk when a call returns: survives a killed process, and a power cut as far as the disk is honest."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

_FULL_FSYNC = getattr(fcntl, "F_FULLFSYNC", None)
"""macOS: `fsync` there stops at the drive's own cache; this goes through it (see its `man fsync`)."""

_NOT_FOR_THIS_FILE_SYSTEM = {errno.EINVAL, errno.ENOTSUP, errno.ENOTTY, errno.EBADF}
"""What file systems say that cannot do it: shared folders, a Windows drive seen from WSL."""


def flush(descriptor: int) -> None:
    """Wait until the disk has what was written to an open file.

    Raises:
        OSError: if the disk does not take it.
    """
    if _FULL_FSYNC is not None:
        try:
            fcntl.fcntl(descriptor, _FULL_FSYNC)
            return
        except OSError as error:
            if error.errno not in _NOT_FOR_THIS_FILE_SYSTEM:
                raise
    os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder: new, renamed and removed files.

    File systems that do not know of flushing a folder keep names in order by themselves, or not at all; either way
    there is nothing more to do.

    Raises:
        OSError: if the disk does not take it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        flush(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FOR_THIS_FILE_SYSTEM:
            raise
    finally:
        os.close(descriptor)
