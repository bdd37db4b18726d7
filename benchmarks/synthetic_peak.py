"""`python -m benchmarks.synthetic_peak [cuda]`: how near to the device's peak training comes.

Per size of the profile `paper`. The peak is what one large matrix product reaches on the same device in the same
precision, measured in the same run. Operations are those that the model asks for: six per weight and token, and of the
attention the causal half.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from synthetic.config import VOCABULARY, ExperimentConfig, ModelSize
from synthetic.machine import Machine, World
from synthetic.model import Transformer
from synthetic.pairs import Pairs
from synthetic.profiles import PAPER
from synthetic.provenance import surroundings
from synthetic.quadratic import make_quadratic
from synthetic.training import train

RESULT = Path(__file__).with_name("results") / "synthetic_peak.json"
N_STEPS = {"cpu": 1, "cuda": 200}
EDGE = {"cpu": 2_048, "cuda": 8_192}


def peak(device: str) -> float:
    """Operations per second of a product of two large square matrices."""
    edge = EDGE[device]
    left, right = torch.randn(2, edge, edge, device=device, dtype=torch.bfloat16 if device == "cuda" else torch.float32)

    def products() -> None:
        for _ in range(10):
            left @ right

    return 10 * 2 * edge**3 / seconds(products, rounds=5)


def operations_per_token(size: ModelSize, sequence_length: int) -> float:
    """Forward and backward, with the loss over the whole sequence."""
    weights = size.n_layers * 12 * size.width**2 + len(VOCABULARY) * size.width
    seen = (sequence_length - 1) / 2
    return 6 * weights + 12 * size.n_layers * size.width * seen


def tokens_per_second(config: ExperimentConfig, size: ModelSize, device: str) -> float:
    """Of optimizer steps with their batches, as the command `incoherence synthetic` makes them."""
    n_steps = N_STEPS[device]
    short = replace(config.training, n_steps=n_steps, validate_every=10**9, n_validation_pairs=16)
    config = replace(config, data=replace(config.data, n_trajectories=1_000), training=short)
    pairs = Pairs(config, make_quadratic(config.problem, device), config.seeds[0])
    model = Transformer(size, config.sequence_length).to(device)
    model.initialise(config.seeds[0])
    n_tokens = n_steps * short.batch_size * (config.sequence_length - 1)  # the last one is only predicted
    return n_tokens / seconds(lambda: train(model, pairs, config, compiled=device == "cuda"))


def seconds(call: Callable[[], object], rounds: int = 2) -> float:
    """The fastest of some rounds, after one to warm up."""
    times = []
    for _ in range(1 + rounds):
        began = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return min(times[1:])


def main(device: str) -> None:
    """Measure, print and keep."""
    highest = peak(device)
    print(f"{device}: a large product reaches {highest / 1e12:.2f} Top/s")
    rows = []
    for size in PAPER.sizes:
        speed = tokens_per_second(PAPER, size, device)
        share = speed * operations_per_token(size, PAPER.sequence_length) / highest
        rows.append({"size": size.name, "tokens_per_second": round(speed), "share_of_peak": round(share, 4)})
        print(f"{size.name:>5}: {speed:>12,.0f} tokens/s, {share:6.1%} of the peak", flush=True)
    measured = {"device": device, "peak_operations_per_second": round(highest), "sizes": rows}
    where = surroundings(Machine(World(device=device), compiled=device == "cuda"))
    RESULT.write_text(json.dumps({**measured, "surroundings": where}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cpu")
