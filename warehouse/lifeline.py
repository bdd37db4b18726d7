"""Processes that end with the one that started them, however that ended: a killed command leaves none behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

_STANDARD_INPUT = 0
_LOOK_EVERY_S = 0.5

KILLED = 137
"""Exit status of a process that lost its parent, as a shell has it for SIGKILL."""


def end_with_parent(wait: Callable[[], object]) -> None:
    """End this process at once when `wait` returns, which must be when the parent has ended."""

    def watch() -> None:
        wait()
        os._exit(KILLED)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


def end_with_standard_input() -> None:
    """For a process whose standard input is a pipe that its parent holds open and never writes to."""
    # Not sys.stdin: Python cannot end while another thread holds its lock.
    end_with_parent(lambda: os.read(_STANDARD_INPUT, 1))


def end_when_adopted() -> None:
    """For a process that a Python gives no pipe: end when another process has become its parent, or has already."""
    parent = os.getppid()

    def wait() -> None:
        while os.getppid() == parent and _is_python(parent):
            time.sleep(_LOOK_EVERY_S)

    end_with_parent(wait)


def _is_python(pid: int) -> bool:
    try:
        return "python" in Path(psutil.Process(pid).exe()).name.lower()
    except psutil.Error:  # it has ended, or it is the system's
        return False
