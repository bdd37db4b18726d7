"""The most memory that a process has held, on Linux and macOS."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_MIB_PER_UNIT = 1 / 2**20 if sys.platform == "darwin" else 1 / 2**10
"""`ru_maxrss` counts bytes on macOS and KiB on Linux."""


def peak_mib(who: int = resource.RUSAGE_SELF) -> float:
    """The peak resident memory of this process, or of the largest of its children that have ended, in MiB.

    Linux hands a started process its parent's `ru_maxrss`; this process's own is in `/proc`, where there is one.
    """
    status = Path("/proc/self/status")
    told = status.read_text(encoding="utf-8") if who == resource.RUSAGE_SELF and status.is_file() else ""
    if found := re.search(r"^VmHWM:\s+(\d+) kB", told, re.MULTILINE):
        return int(found[1]) / 2**10
    return resource.getrusage(who).ru_maxrss * _MIB_PER_UNIT
