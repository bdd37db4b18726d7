"""The sampler against a bare loop over the same SDK at the same concurrency, with a server that answers at once.

The bare loop sends the same requests and reads the same answers, and keeps nothing: what the sampler adds is a plan, a
journal with an fsync before a sample counts, and Parquet in the end.

And the same with a model in this process that answers at once: nothing is left but what the sampler adds. Its peer is
the least that a script would do to keep answers: prompts, then one JSON line each, one fsync in the end, no Parquet.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import Comparison, compare
from ingestion.sampling import ExperimentSpec, parse_spec, sample
from ingestion.sampling.plans.partitions import partitions
from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.openai_api import OpenAIChat
from ingestion.sampling.providers.wire import LocalResponse
from warehouse.layout import PROJECT_ROOT, Layout

N_ITEMS, N_EPOCHS, CONCURRENCY = 50, 60, 32
N_LOCAL_ITEMS, N_LOCAL_EPOCHS = 200, 60


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
    with tempfile.TemporaryDirectory() as folder:
        local = local_experiment(Path(folder))
        number = count()

        def ours_in_process() -> None:
            layout = Layout(Path(folder, f"warehouse-{next(number)}"))
            assert sample(local, layout, providers={"local": Instant()}).n_drawn == N_LOCAL_ITEMS * N_LOCAL_EPOCHS
            shutil.rmtree(layout.root)

        yield compare(
            f"{N_LOCAL_ITEMS * N_LOCAL_EPOCHS:,} samples of a model in this process, to Parquet",
            "JSON lines, one fsync, no Parquet",
            ours_in_process,
            lambda: bare_lines(local, Path(folder)),
        )


class Instant:
    """A model in this process that answers at once, at the length of the local reasoner's answers."""

    takes_seed = True
    batch_size = 1024

    def complete_batch(self, requests: Sequence[Request]) -> list[str]:
        return [
            msgspec.json.encode(
                LocalResponse(
                    text=f"ANSWER: {'ABCD'[request.seed % 4]}",
                    model="instant",
                    reasoning=f"{request.seed} + 4 = 12 ; " * 12,
                    input_tokens=60,
                    output_tokens=120,
                    reasoning_tokens=110,
                    finish_reason="stop",
                )
            ).decode()
            for request in requests
        ]


def local_experiment(folder: Path) -> ExperimentSpec:
    """An experiment on the local reasoner's task."""
    content: dict[str, Any] = {
        "name": "benchmark",
        "tasks": [{"kind": "chain_arithmetic", "n_items": N_LOCAL_ITEMS}],
        "models": [{"id": "m", "provider": "local"}],
        "conditions": [{"reasoning": "low"}],
        "epochs": N_LOCAL_EPOCHS,
    }
    return parse_spec(content, folder / "spec.yaml")


def bare_lines(spec: ExperimentSpec, folder: Path) -> None:
    """The same answers, kept as a script would keep them."""
    (partition,) = partitions(spec, Layout(folder / "none"))
    instant, planned = Instant(), partition.planned()
    with (folder / "lines.jsonl").open("w") as handle:
        while batch := [partition.request(one) for one in islice(planned, instant.batch_size)]:
            for request, answer in zip(batch, instant.complete_batch(batch), strict=True):
                handle.write(
                    json.dumps({"prompt": request.turns[0].text, "seed": request.seed, "answer": answer}) + "\n"
                )
        handle.flush()
        os.fsync(handle.fileno())


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
