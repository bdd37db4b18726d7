"""`python -m benchmarks.build_growth [SAMPLES …]`: seconds and memory of a whole build, model by model, by size.

16 pools of multiple choice, 30 samples of an item, in three contexts; sizes differ in the number of items. Each is
built in full by a process of its own, one model after the other, so that what the process holds meanwhile is that
model's (and what DuckDB keeps of earlier ones while there is room). Processor time is read beside seconds: it says
the same on a machine that has other work. A model is too steep if it takes more than 1.1 times as many times the
processor time as there are more samples; what takes less than a second at the smaller size, fixed costs included, is
held to a second. 4.8 million samples take some 8 GB of disk. Each size is recorded for itself in
`results/build_growth.json`, with the code that it was measured on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import commit
from benchmarks.report_warehouses import Size, write_raw
from warehouse.cores import n_cores
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.transform import build

RESULT = Path(__file__).with_name("results") / "build_growth.json"
SIZES = (48_000, 480_000, 4_800_000)
N_POOLS, N_CONTEXTS, N_SAMPLES = 16, 3, 10
BETWEEN_READINGS_S = 0.05
ENOUGH_S = 1.0
"""A model that takes less, at the smaller of two sizes, says more about dbt than about itself."""
MARGIN = 1.1
"""Sorting alone takes log 4,800,000 / log 480,000 = 1.18 times as much for each of ten times as many rows."""


@dataclass(frozen=True)
class Reading:
    """What the processes of a build had used at a time (in UTC)."""

    at: datetime
    cpu_s: float
    rss_gib: float
    spilled_gib: float


def measure(layout: Layout) -> dict[str, Any]:
    """Build in full, and read what it takes on the way."""
    command = [sys.executable, "-m", "benchmarks.build_growth", "--build", str(layout.root)]
    readings: list[Reading] = []
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=os.environ | {"DBT_THREADS": "1"}) as process:
        reader = threading.Thread(target=_read, args=(process.pid, layout, readings))
        reader.start()
        process.wait()
        reader.join()
    if process.returncode:
        raise RuntimeError(f"the build of {layout.root} failed")
    seconds = time.perf_counter() - began
    return {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "code": commit(),
        "cores": n_cores(),
        "load_average": round(os.getloadavg()[2], 1),
        "seconds": round(seconds, 1),
        "cpu_s": _most(readings, "cpu_s"),
        "peak_gib": _most(readings, "rss_gib"),
        "most_spilled_gib": _most(readings, "spilled_gib"),
        "database_gib": round(layout.build_database.stat().st_size / 2**30, 2),
        "models": _by_model(layout, readings),
    }


def _read(pid: int, layout: Layout, readings: list[Reading]) -> None:
    spill = Path(f"{layout.build_database}.tmp")
    while True:
        try:
            first = psutil.Process(pid)
            if first.status() == psutil.STATUS_ZOMBIE:
                return
            processes = (first, *first.children(recursive=True))
            rss = sum(process.memory_info().rss for process in processes)
            cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
            spilled = sum(path.stat().st_size for path in spill.glob("*"))
        except psutil.NoSuchProcess:
            if not psutil.pid_exists(pid):
                return
            continue
        except FileNotFoundError:
            continue
        readings.append(Reading(datetime.now(UTC), cpu, rss / 2**30, spilled / 2**30))
        time.sleep(BETWEEN_READINGS_S)


def _most(readings: list[Reading], name: str) -> float:
    return round(max((getattr(reading, name) for reading in readings), default=0.0), 2)


def _by_model(layout: Layout, readings: list[Reading]) -> dict[str, dict[str, float]]:
    found = {}
    for result in json.loads(layout.dbt_results.read_text(encoding="utf-8"))["results"]:
        kind, _, name = result["unique_id"].split(".", 2)
        times = {timing["name"]: timing for timing in result["timing"]}
        if kind != "model" or "execute" not in times:
            continue
        begun, ended = (_utc(times["execute"][key]) for key in ("started_at", "completed_at"))
        during = [reading for reading in readings if begun <= reading.at <= ended]
        found[name] = {
            "seconds": round(result["execution_time"], 2),
            "cpu_s": round(during[-1].cpu_s - during[0].cpu_s, 2) if during else 0.0,
            "peak_gib": _most(during, "rss_gib"),
        }
    return dict(sorted(found.items(), key=lambda model: -model[1]["cpu_s"]))


def _utc(told: str) -> datetime:
    return datetime.fromisoformat(told.removesuffix("Z")).replace(tzinfo=UTC)


def too_steep(told: dict[int, dict[str, Any]]) -> list[str]:
    """Models whose processor time grows faster than the samples, from one size to the next."""
    sizes = sorted(told)
    found = []
    for small, large in pairwise(sizes):
        before, after = (told[size]["models"] for size in (small, large))
        for name in before.keys() & after.keys():
            times = after[name]["cpu_s"] / max(before[name]["cpu_s"], ENOUGH_S)
            if times > MARGIN * large / small:
                found.append(f"{name}: × {times:.1f} from {small:,} to {large:,} samples")
    return sorted(found)


def main(sizes: list[int]) -> int:
    """Measure each size, print and record; exit status 1 if a model is too steep, by all sizes that are recorded."""
    told: dict[int, dict[str, Any]] = {}
    if RESULT.exists():
        told = {int(size): found for size, found in json.loads(RESULT.read_text(encoding="utf-8"))["sizes"].items()}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            layout = Layout(Path(name).resolve() / "warehouse")
            n_items = size // (N_POOLS * N_CONTEXTS * N_SAMPLES)
            write_raw(layout, Size(2, 4, 2, items=n_items, contexts=N_CONTEXTS, samples=N_SAMPLES))
            told[size] = measure(layout)
        whole = {key: value for key, value in told[size].items() if key != "models"}
        print(f"{size:,} samples: {whole}; the most: {list(told[size]['models'].items())[:8]}", flush=True)
        result = {"sizes": dict(sorted(told.items())), "too_steep": too_steep(told)}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    steep = too_steep(told)
    print("\n".join(steep) or "no model is too steep")
    return int(bool(steep))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        build(Layout(Path(sys.argv[2])), full=True)
    else:
        sys.exit(main([int(size) for size in sys.argv[1:]] or list(SIZES)))
