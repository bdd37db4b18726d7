"""`python -m benchmarks [NAME …]`: run all benchmarks, or those named, and print a table of ratios.

A benchmark is a module `bench_<name>.py` with a function `run() -> Iterable[Comparison]`.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

from benchmarks.harness import Comparison
from synthetic.machine import WAIT_PASSIVELY


def main(wanted: list[str]) -> int:
    """Run and print; exit status 1 if a name is unknown or a ratio is missed."""
    names = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    if unknown := set(wanted) - set(names):
        print(f"no benchmark {sorted(unknown)}; there are {names}", file=sys.stderr)
        return 1
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(f"| {'what':<58} | {'peer':<38} | {'ours':>9} | {'peer':>9} | {'ratio':>7} | wanted |")
    print(f"|{'-' * 60}|{'-' * 40}|{'-' * 11}|{'-' * 11}|{'-' * 9}|{'-' * 8}|")
    for name, setting in WAIT_PASSIVELY.items():
        os.environ.setdefault(name, setting)
    missed = False
    for name in wanted or names:
        for row in importlib.import_module(f"benchmarks.bench_{name}").run():
            missed |= row.wanted is not None and row.ratio < row.wanted
            print(_line(row), flush=True)
    return int(missed)


def _line(row: Comparison) -> str:
    wanted = "" if row.wanted is None else f"≥ {row.wanted:g}"
    return (
        f"| {row.what:<58} | {row.peer:<38} | {row.ours_s:>7.3f} s | {row.peer_s:>7.3f} s | {row.ratio:>6.2f}× "
        f"| {wanted:>6} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
