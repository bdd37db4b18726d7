"""`python -m benchmarks.build_growth [SAMPLES …]`: seconds and memory of a whole build, model by model, by size.

16 pools of multiple choice, 30 samples of an item, in three contexts; sizes differ in the number of items. Each is
built in full by a process of its own, one model after the other, so that what the process holds meanwhile is that
model's (and what DuckDB keeps of earlier ones while there is room). Processor time is read beside seconds: it says
the same on a machine that has other work. A model takes longer if it takes more than 1.1 times as many times the
processor time as there are more samples; what takes less than a second at the smaller size, fixed costs included, is
held to a second. Of those, a model is too steep if the rows that its query handles grow so, too
(`benchmarks.rows_handled`): where they do not, each row was dearer. 4.8 million samples take some 8 GB of disk. Each
size is recorded for itself in `results/build_growth.json`, with the code that it was measured on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import commit
from benchmarks.report_warehouses import Size, write_raw
from benchmarks.rows_handled import rows_handled
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


@dataclass(frozen=True)
class Growth:
    """A model that takes longer than its samples are more: times the processor time, and times the rows (if known)."""

    model: str
    smaller: int
    larger: int
    times_cpu: float
    times_rows: float | None = None

    def is_too_steep(self) -> bool:
        return self.times_rows is None or self.times_rows > MARGIN * self.larger / self.smaller

    def __str__(self) -> str:
        rows = "rows not counted" if self.times_rows is None else f"rows × {self.times_rows}"
        sizes = f"from {self.smaller:,} to {self.larger:,} samples"
        return f"{self.model}: × {self.times_cpu} {sizes}, {rows}{': too steep' if self.is_too_steep() else ''}"


def growing(told: dict[int, dict[str, Any]], layouts: dict[int, Layout]) -> list[Growth]:
    """Models that take longer than there are more samples, from one size to the next; rows of builds that are there."""
    found = []
    for small, large in pairwise(sorted(told)):
        cpu = [{name: model["cpu_s"] for name, model in told[size]["models"].items()} for size in (small, large)]
        times = {name: cpu[1][name] / max(cpu[0][name], ENOUGH_S) for name in cpu[0].keys() & cpu[1].keys()}
        longer = sorted(name for name in times if times[name] > MARGIN * large / small)
        rows: dict[str, float] = {}
        if longer and small in layouts and large in layouts:
            few, many = (rows_handled(layouts[size], longer) for size in (small, large))
            rows = {
                name: round(after / before, 2) for name in longer if (before := few[name]) and (after := many[name])
            }
        found += [Growth(name, small, large, round(times[name], 1), rows.get(name)) for name in longer]
    return found


def main(sizes: list[int]) -> int:
    """Measure each size, print and record; exit status 1 if a model is too steep, by all sizes that are recorded."""
    told: dict[int, dict[str, Any]] = {}
    layouts: dict[int, Layout] = {}
    if RESULT.exists():
        told = {int(size): found for size, found in json.loads(RESULT.read_text(encoding="utf-8"))["sizes"].items()}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            layout = layouts[size] = Layout(Path(folder).resolve() / f"{size}")
            n_items = size // (N_POOLS * N_CONTEXTS * N_SAMPLES)
            write_raw(layout, Size(2, 4, 2, items=n_items, contexts=N_CONTEXTS, samples=N_SAMPLES))
            told[size] = measure(layout)
            whole = {key: value for key, value in told[size].items() if key != "models"}
            print(f"{size:,} samples: {whole}; the most: {list(told[size]['models'].items())[:8]}", flush=True)
        found = growing(told, layouts)
    result = {"sizes": dict(sorted(told.items())), "take_longer": [asdict(model) for model in found]}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(map(str, found)) or "no model takes longer than there are more samples")
    return int(any(model.is_too_steep() for model in found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        build(Layout(Path(sys.argv[2])), full=True)
    else:
        sys.exit(main([int(size) for size in sys.argv[1:]] or list(SIZES)))
