"""How many cores this process may use."""

from __future__ import annotations

import os


def n_cores() -> int:
    """Cores that this process may run on: those it is bound to where the system tells (Linux), else all there are."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    return len(affinity(0)) if affinity else os.cpu_count() or 1
