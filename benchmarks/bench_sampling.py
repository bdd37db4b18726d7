"""The sampler against a bare loop over the same SDK at the same concurrency, with a server that answers at once.

The bare loop sends the same requests and reads the same answers, and keeps nothing: what the sampler adds is a plan, a
journal with an fsync before a sample counts, and Parquet in the end.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.harness import Comparison, compare
from ingestion.sampling import ExperimentSpec, parse_spec, sample
from ingestion.sampling.partitions import partitions
from ingestion.sampling.providers.openai_api import OpenAIChat
from warehouse.layout import PROJECT_ROOT, Layout

N_ITEMS, N_EPOCHS, CONCURRENCY = 50, 60, 32


def run() -> Iterator[Comparison]:
    """Samples per second, ours against the bare loop."""
    with server() as port, tempfile.TemporaryDirectory() as folder:
        spec = experiment(Path(folder), port, N_ITEMS, N_EPOCHS, CONCURRENCY)
        number = count()

        def ours() -> None:
            layout = Layout(Path(folder, f"warehouse-{next(number)}"))
            assert sample(spec, layout).n_drawn == N_ITEMS * N_EPOCHS
            shutil.rmtree(layout.root)

        yield compare(
            f"{N_ITEMS * N_EPOCHS:,} samples over HTTP, {CONCURRENCY} at a time, to Parquet",
            "bare AsyncOpenAI loop that keeps nothing",
            ours,
            lambda: asyncio.run(bare_loop(spec, Path(folder))),
            wanted=0.8,
        )


async def bare_loop(spec: ExperimentSpec, folder: Path) -> None:
    """The same requests, as a script would send them."""
    (partition,) = partitions(spec, Layout(folder / "none"))
    chat = OpenAIChat(spec.provider("here"), spec.limits)
    bodies = (chat.body(partition.request(planned)) for planned in partition.planned())

    async def worker() -> None:
        for body in bodies:
            completion = await chat.client.chat.completions.create(**body)
            assert completion.choices[0].message.content

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    await chat.close()


def experiment(folder: Path, port: int, n_items: int, n_epochs: int, concurrency: int) -> ExperimentSpec:
    """An experiment of `n_items × n_epochs` samples against the server at `port`."""
    items = [{"id": n, "question": f"What is {n}?", "choices": list("wxyz"), "target": "A"} for n in range(n_items)]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    content: dict[str, Any] = {
        "name": "benchmark",
        "tasks": [{"kind": "own", "path": "items.jsonl"}],
        "models": [{"id": "m", "provider": "here"}],
        "providers": {
            "here": {
                "kind": "openai_compatible",
                "base_url": f"http://127.0.0.1:{port}/v1",
                "concurrency": concurrency,
            }
        },
        "conditions": [{"prompt_format": "choice"}],
        "epochs": n_epochs,
    }
    return parse_spec(content, folder / "spec.yaml")


@contextmanager
def server() -> Iterator[int]:
    """The tests' server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sampling.server", "0"], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
