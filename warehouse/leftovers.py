"""Files that a killed command left half-written: each names its owner, and goes once that has ended."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import threading
import time
from pathlib import Path

DAY_S = 86_400

_OWNED = re.compile(r"\..+\.(?:(?P<machine>[0-9a-f]{8})-)?(?P<pid>\d+)-\d+\.tmp(?:\.wal)?")


def owner() -> str:
    """Who writes a temporary file, for its name: machine, process and thread."""
    return f"{_machine()}-{os.getpid()}-{threading.get_ident()}"


def temporary_beside(final: Path) -> Path:
    """The name under which `final` is written before it is renamed."""
    return final.with_name(f".{final.name}.{owner()}.tmp")


def sweep(root: Path) -> list[Path]:
    """Remove what no living process owns below `root`, and return it.

    Whether a process of another machine lives is not known: what it wrote goes after a day without a change.
    """
    swept = []
    for folder, folders, names in os.walk(root):
        for name in (*names, *folders):
            if (
                name.startswith(".")
                and (match := _OWNED.fullmatch(name))
                and _is_left(path := Path(folder, name), match)
            ):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                    folders.remove(name)
                else:
                    path.unlink(missing_ok=True)
                swept.append(path)
    return swept


def _is_left(path: Path, match: re.Match[str]) -> bool:
    if match["machine"] in (None, _machine()):
        return not _is_alive(int(match["pid"]))
    try:
        return time.time() - path.stat().st_mtime > DAY_S
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    """Whether a process is there that can still write; where nobody waits for a killed one, its entry stays."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
