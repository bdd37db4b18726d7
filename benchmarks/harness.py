"""Timing two ways of doing one thing, in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import gc
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from warehouse.layout import PROJECT_ROOT


@dataclass(frozen=True)
class Comparison:
    """One row of the result.

    Attributes:
        what: what is done, with its size.
        peer: what it is compared with.
        ours_s: our median in seconds.
        peer_s: the peer's median in seconds.
        ratio: median of the pairwise ratios peer / ours; above 1 we are faster.
        wanted: the ratio that we hold ourselves to, or None.
    """

    what: str
    peer: str
    ours_s: float
    peer_s: float
    ratio: float
    wanted: float | None = None


def commit() -> str:
    """The code that is tried; with a `+` if files of it were changed since."""
    name, changed = (
        subprocess.run(["git", *told], check=True, capture_output=True, text=True, cwd=PROJECT_ROOT).stdout.strip()
        for told in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "-uno", "--", ":!benchmarks/results"])
    )
    return f"{name}+" if changed else name


def compare(
    what: str,
    peer: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int = 3,
    wanted: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Run both once to warm up, then in turn, and compare medians. `time.process_time` counts no other work."""
    ours()
    theirs()
    pairs = [(_seconds(ours, clock), _seconds(theirs, clock)) for _ in range(rounds)]
    return Comparison(
        what=what,
        peer=peer,
        ours_s=statistics.median(pair[0] for pair in pairs),
        peer_s=statistics.median(pair[1] for pair in pairs),
        ratio=statistics.median(pair[1] / pair[0] for pair in pairs),
        wanted=wanted,
    )


def _seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()
    started = clock()
    call()
    return clock() - started
