"""`.venv-spark/bin/python -m benchmarks.spark_decomposition [SAMPLES …]`: the decomposition on DuckDB and on Spark.

The dbt models' own SQL over the same Parquet file, on one machine: seconds of each model by size, and of processor time
in all, which other work on the machine does not stretch. Each run has a process of its own. Needs the environment that
`make test-spark` makes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import psutil

from benchmarks.decomposition_data import MODELS, N_EPOCHS, compiled_models, write_samples
from warehouse.layout import PROJECT_ROOT, Layout

RESULT = Path(__file__).with_name("results") / "spark_decomposition.json"
SIZES = (1_500_000, 12_000_000)

PROCESSOR = "processor_seconds"

Seconds = dict[str, float]


def on_duckdb(samples: Path, folder: Path) -> Seconds:
    """Seconds of each model in a new database file."""
    models = compiled_models()
    seconds, begun = {}, time.process_time()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as database:
        database.execute("set memory_limit = '6GiB'")
        database.execute(f"create schema intermediate; create view intermediate.int_sample_answers as from '{samples}'")
        for model, sql in models.items():
            began = time.perf_counter()
            database.execute(f"create table intermediate.{model} as {sql}")
            seconds[model] = time.perf_counter() - began
    return seconds | {PROCESSOR: time.process_time() - begun}


def on_spark(samples: Path, folder: Path) -> Seconds:
    """Seconds of each model as dbt says them, in a session as `incoherence build --engine spark` starts it."""
    from dbt.cli.main import dbtRunner

    from warehouse.dbt_command import environment
    from warehouse.spark.session import start

    layout = Layout(folder.resolve())
    os.environ.update(environment(layout) | {"DBT_TARGET_PATH": str(layout.spark_dbt_target)})
    spark = start(layout)
    spark.sql("create schema intermediate")
    spark.catalog.createTable("intermediate.int_sample_answers", path=samples.resolve().as_uri(), source="parquet")
    begun = _of_children()
    if not dbtRunner().invoke(["--quiet", "run", "--target", "spark", "--threads", "1", "--select", *MODELS]).success:
        raise SystemExit("Spark did not build the models")
    processor = _of_children() - begun
    results = json.loads(layout.spark_dbt_results.read_text(encoding="utf-8"))["results"]
    spark.stop()
    seconds = {result["unique_id"].rsplit(".", 1)[-1]: float(result["execution_time"]) for result in results}
    return seconds | {PROCESSOR: processor}


def _of_children() -> float:
    """Processor time of what this process has started: Java."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return float(sum(each.user + each.system for each in times))


def measure(n_samples: int) -> dict[str, Any]:
    """Seconds of both engines for a number of samples, in all and by model."""
    row: dict[str, Any] = {"n_samples": n_samples // N_EPOCHS * N_EPOCHS}
    with tempfile.TemporaryDirectory() as name:
        samples = Path(name, "samples.parquet")
        write_samples(samples, n_samples // N_EPOCHS)
        for engine in ENGINES:
            command = [sys.executable, "-P", "-m", "benchmarks.spark_decomposition", engine, str(samples)]
            path = {"PYTHONPATH": str(PROJECT_ROOT)}
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | path)
            seconds: Seconds = json.loads(done.stdout.splitlines()[-1])
            row[engine] = {"seconds": round(sum(seconds[model] for model in MODELS), 2)}
            row[engine] |= {name: round(value, 2) for name, value in seconds.items()}
    for kind in ("seconds", PROCESSOR):
        row[f"ratio_of_{kind}"] = round(row["duckdb"][kind] / row["spark"][kind], 3)
    return row


def main(sizes: list[int]) -> None:
    """Measure each size and record the table."""
    rows = []
    for size in sizes:
        rows.append(row := measure(size))
        print(
            f"{row['n_samples']:>11,} samples: DuckDB {row['duckdb']['seconds']:.2f} s, "
            f"Spark {row['spark']['seconds']:.2f} s, DuckDB / Spark {row['ratio_of_seconds']:.3f}; "
            f"of processor time {row['duckdb'][PROCESSOR]:.2f} s, {row['spark'][PROCESSOR]:.2f} s, "
            f"{row['ratio_of_processor_seconds']:.3f}",
            flush=True,
        )
    if sizes == list(SIZES):
        machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
        told = {"machine": machine, "unit": "seconds", "sizes": rows}
        RESULT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


ENGINES = {"duckdb": on_duckdb, "spark": on_spark}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ENGINES:
        with tempfile.TemporaryDirectory() as scratch:
            print(json.dumps(ENGINES[sys.argv[1]](Path(sys.argv[2]), Path(scratch))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
