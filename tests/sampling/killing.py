"""Runs that are killed with SIGKILL, and resumed, until they are through. Shared with `benchmarks/`.

`python -m tests.sampling.killing SPEC ROOT` waits for lines on its standard input; at each it forks a process that
samples, says its id, and when that has ended, its exit status. Imports are paid for once.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ingestion.sampling import load_spec, sample
from ingestion.sampling.journal import Seen, SeenAnswer, read
from tests.sampling.server import Server
from warehouse.layout import Layout


@dataclass
class Campaign:
    """What a campaign saw.

    Attributes:
        n_kills: runs that were killed before their end.
        n_lost: at each kill, requests that had reached the server and were not in the journal.
    """

    n_kills: int
    n_lost: list[int]


def kill_and_resume(
    spec_path: Path, layout: Layout, server: Server, *, n_kills: int, longest_s: float, seed: int
) -> Campaign:
    """Start, kill at a random moment and start again, `n_kills` times; then let the last run come to its end."""
    chance = random.Random(seed)
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.sampling.killing", str(spec_path), str(layout.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
    )
    assert starter.stdin and starter.stdout
    killed, lost, asked_before, kept_before = 0, [], 0, 0
    try:
        assert starter.stdout.readline() == "ready\n"
        for number in range(n_kills + 1):
            starter.stdin.write("go\n")
            starter.stdin.flush()
            pid = int(starter.stdout.readline())
            if number < n_kills:
                time.sleep(chance.uniform(0, longest_s))
                os.kill(pid, signal.SIGKILL)
            status = int(starter.stdout.readline())
            while server.in_flight:
                time.sleep(0.001)
            kept = n_kept(layout)
            if status != 0:
                killed += 1
                lost.append((server.n_requests - asked_before) - (kept - kept_before))
            asked_before, kept_before = server.n_requests, kept
        assert status == 0, f"the last run ended with status {status}"
    finally:
        starter.kill()
        starter.wait()
    return Campaign(killed, lost)


def n_kept(layout: Layout) -> int:
    """Answers in all journals."""
    folders = {path.parent for path in layout.responses.rglob("*.jsonl*")}
    return sum(isinstance(record, SeenAnswer) for folder in folders for record in read(folder, Seen))


def _serve(spec_path: Path, root: Path) -> None:
    import ingestion.sampling.providers.openai_api  # noqa: F401

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sample(load_spec(spec_path), Layout(root))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
