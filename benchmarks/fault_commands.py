"""Commands of `benchmarks.fault_campaign`: started, watched by the processor time they have had, and their disk."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

COMMAND = Path(sys.executable).with_name("incoherence")
MARK = "FAULT_CAMPAIGN"
LONGEST_WAIT = 20
"""How many times its processor seconds a trial waits for its moment: `ui` rests when it has begun."""
ENOUGH_BYTES = 2**31


def is_supported() -> bool:
    """Whether this machine tells of processes, and lets disks be mounted."""
    return Path("/proc/self/environ").exists() and os.geteuid() == 0


def running(mark: str) -> list[int]:
    """Processes of a trial that have not ended, known by a variable of their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def start(root: Path, arguments: list[str], mark: str) -> subprocess.Popen[bytes]:
    """Start the command on a warehouse; what it says goes to a file beside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER", "WAREHOUSE"))}
    with (root.parent / "said.txt").open("wb") as said:
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=kept | {"WAREHOUSE_ROOT": str(root), MARK: mark},
            start_new_session=True,
        )


def finish(root: Path, arguments: list[str]) -> tuple[int, str, float]:
    """Run the command to its end: exit status, what it said, processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    status = start(root, arguments, "whole").wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return status, (root.parent / "said.txt").read_text(errors="replace"), seconds


def wait_until(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until a command and its processes have had so much of the processor, or it has ended.

    Not for so long: a machine that does other things would move every kill to the command's beginning.
    """
    until = time.monotonic() + LONGEST_WAIT * seconds + 1
    while process.poll() is None and time.monotonic() < until and _processor_s(process.pid) < seconds:
        time.sleep(min(0.5, max(0.02, seconds / 100)))


def _processor_s(pid: int) -> float:
    found = 0.0
    try:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            times = process.cpu_times()
            found += times.user + times.system + times.children_user + times.children_system
    except psutil.NoSuchProcess:
        pass
    return found


def names(pids: list[int]) -> str:
    """What they were started as."""
    told = []
    for pid in pids:
        try:
            told.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120])
        except OSError:
            continue
    return " | ".join(told)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own at a folder, with room enough until it is resized."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ENOUGH_BYTES}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(folder: Path, size: int) -> None:
    """Give the disk so many bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
