"""`python -m benchmarks.decomposition_memory [SAMPLES …]`: time and peak memory of the item decomposition by size.

The dbt models' own SQL in DuckDB, each size in a process of its own. DuckDB is told to stay under 6 GiB and writes to
disk what does not fit; the process as a whole is what is measured. 100 million samples take some 10 GB of disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.decomposition_data import N_EPOCHS, compiled_models, decompose, write_samples
from benchmarks.memory import peak_mib
from warehouse.layout import PROJECT_ROOT

RESULT = Path(__file__).with_name("results") / "decomposition_memory.json"
SIZES = (12_500_000, 50_000_000, 100_000_000)
MEMORY = "6GiB"


def measure(samples: Path, database: Path) -> dict[str, float]:
    """Seconds and peak memory of this process for the models over a file of samples."""
    models = compiled_models()
    began = time.perf_counter()
    n_items = decompose(samples, models, database, memory=MEMORY)
    seconds = time.perf_counter() - began
    return {"n_samples": n_items * N_EPOCHS, "seconds": round(seconds, 1), "peak_gib": round(peak_mib() / 2**10, 2)}


def main(sizes: list[int]) -> None:
    """Measure each size and record the table."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            samples = Path(folder, "samples.parquet")
            write_samples(samples, size // N_EPOCHS)
            command = [sys.executable, "-m", "benchmarks.decomposition_memory", "--one", str(samples)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
        row = json.loads(done.stdout)
        rows.append(row)
        print(f"{row['n_samples']:>11,} samples: {row['seconds']:>6} s, peak {row['peak_gib']} GiB", flush=True)
    if sizes == list(SIZES):
        RESULT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        found = Path(sys.argv[2])
        print(json.dumps(measure(found, found.with_name("warehouse.duckdb"))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
