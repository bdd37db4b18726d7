"""`python -m benchmarks.sampling_memory [SAMPLES …]`: peak memory of sampling runs of different sizes.

Each run is a process of its own. The provider is one in name only: it answers at once, so that 200,000 samples take
minutes and not hours; plan, engine, journal and Parquet are the real ones. The outcome is kept in
`benchmarks/results/sampling_memory.json`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_sampling import experiment
from benchmarks.memory import peak_mib
from ingestion.sampling import sample
from ingestion.sampling.providers.base import Request
from warehouse.layout import PROJECT_ROOT, Layout

RESPONSE_CHARACTERS = 4_000
RESULT = Path(__file__).parent / "results" / "sampling_memory.json"


class Instant:
    """Answers at once, at some length."""

    takes_seed = True

    async def ask(self, request: Request) -> str:
        await asyncio.sleep(0)
        thought = f"{request.seed:x} " * (RESPONSE_CHARACTERS // 9)
        message = {"role": "assistant", "content": "ANSWER: A", "reasoning_content": thought}
        usage = {"prompt_tokens": 50, "completion_tokens": 1000}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json.dumps({"id": "x", "model": "m", "choices": [choice], "usage": usage})

    async def close(self) -> None:
        pass


def measure(n_samples: int) -> dict[str, float]:
    """Peak memory of this process after so many samples."""
    with tempfile.TemporaryDirectory() as folder:
        n_items = 500
        spec = experiment(Path(folder), 9, n_items, n_samples // n_items, 64)
        began = time.monotonic()
        summary = sample(spec, Layout(Path(folder, "warehouse")), providers={"here": Instant()})
        assert summary.n_drawn == n_samples and summary.n_by_status() == {"ok": n_samples}
        seconds = time.monotonic() - began
    return {"mib": peak_mib(), "seconds": seconds}


def main(sizes: list[int]) -> None:
    """Measure each size in a process of its own."""
    results = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.sampling_memory", "--one", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
        told = json.loads(done.stdout)
        print(f"{size:>9,} samples: peak {told['mib']:.0f} MiB, {size / told['seconds']:,.0f} samples/s", flush=True)
        results.append({"samples": size, "peak_mib": round(told["mib"]), "seconds": round(told["seconds"], 1)})
    RESULT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or [10_000, 200_000])
