"""What runs on Linux runs on macOS: nothing relies on what only Linux has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("dagster_project", "ingestion", "synthetic", "warehouse")

ONLY_ON_LINUX = {
    "os": [
        *("sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "sched_getscheduler", "memfd_create"),
        *("pidfd_open", "eventfd", "timerfd_create", "splice", "copy_file_range", "posix_fallocate", "posix_fadvise"),
        *("setns", "unshare", "getrandom", "getxattr", "setxattr", "listxattr", "removexattr", "pipe2", "setresuid"),
        *("fdatasync", "process_cpu_count", "O_DIRECT", "O_TMPFILE", "O_PATH"),
    ],
    "select": ["epoll"],
    "signal": ["pidfd_send_signal", "sigtimedwait", "sigwaitinfo", "SIGPWR", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX"],
    "resource": ["prlimit", "RUSAGE_THREAD", "RLIMIT_OFILE"],
    "fcntl": ["F_ADD_SEALS", "F_SETPIPE_SZ", "F_NOTIFY", "F_OFD_SETLK", "F_OFD_SETLKW"],
    "socket": ["SO_PEERCRED", "AF_NETLINK", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "TCP_USER_TIMEOUT"],
}

LIKE_A_MAC = """
import importlib, json, multiprocessing, os
for module, names in json.loads(os.environ["ONLY_ON_LINUX"]).items():
    for name in names:
        if hasattr(found := importlib.import_module(module), name):
            delattr(found, name)
multiprocessing.set_start_method("spawn")
"""

IMPORT_ALL_AND_READ_LOGS = """
import importlib, pkgutil, sys
from pathlib import Path

def main():
    for package in sys.argv[3:]:
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, package + "."):
            if not module.name.endswith(("__main__", "make_demo_logs")):
                importlib.import_module(module.name)
    from ingestion.logs import workers
    from ingestion.logs.importer import import_paths
    from warehouse.layout import Layout
    workers.WORTH_BYTES = 1
    summary = import_paths([Path(sys.argv[1])], Layout(Path(sys.argv[2])))
    print(summary.count("imported"), summary.count("refused"))

if __name__ == "__main__":
    main()
"""


def test_every_module_is_imported_and_logs_are_read_without_what_only_linux_has(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LIKE_A_MAC, encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(IMPORT_ALL_AND_READ_LOGS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(ROOT / "ingestion" / "logs" / "demo"), str(tmp_path / "warehouse"), *OURS],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "ONLY_ON_LINUX": json.dumps(ONLY_ON_LINUX)},
    )
    assert done.stdout.split() == ["4", "0"], done.stderr[-3000:]


def test_the_type_checker_finds_every_name_on_macos(tmp_path: Path) -> None:
    """It knows what each system's standard library has. Only ours is read, so the rest of its findings mean nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--platform", "darwin", "--follow-imports=skip", f"--cache-dir={tmp_path}"]
        + [argument for package in (*OURS, "benchmarks") for argument in ("-p", package)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "source files" in done.stdout, done.stdout + done.stderr
    missing = [line for line in done.stdout.splitlines() if re.search(r"error: Module has no attribute", line)]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("package", OURS)
def test_nothing_reads_what_linux_keeps_in_files(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not re.search(r"[\"']/(proc|sys|dev/shm)/|prctl", path.read_text(encoding="utf-8")), path
