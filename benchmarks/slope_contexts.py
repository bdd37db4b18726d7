"""Do intervals of slopes hold where items share few-shot contexts? `python -m benchmarks.slope_contexts` counts.

Hard items (p ~ Dirichlet(1, 1, 1, 1)) whose incoherence has nothing to do with length, asked in ten contexts. A context
shifts the logit of every right answer, alike or the more the longer an item is; either way the slope is 0. Through the
warehouse's own SQL (`benchmarks/slope_coverage.py`), with and without what contexts add. Exit status 1 if an interval
that knows of contexts holds less than 93 % of the time, by the 99 % interval of the count.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.item_numbers import ItemNumbers, item_numbers
from benchmarks.populations import N_CONTEXTS, Array, Items, shifted
from benchmarks.slope_coverage import fitted
from benchmarks.slope_population import SPREAD, Draws
from warehouse.parquet import atomic_path

RESULT = Path(__file__).with_name("results") / "slope_contexts.json"
SIZES = ((198, 10), (448, 30))
KINDS = {"alike": (0.3, 0.0), "more where longer": (0.0, 0.3), "much more where longer": (0.0, 0.6)}
"""Standard deviation over contexts of what all items have in common, and of what goes with length."""

N_REPLICATIONS, BATCH = 1_000, 50


def draw(kind: str, shape: tuple[int, int], n_samples: int, rng: np.random.Generator) -> tuple[Draws, ItemNumbers]:
    """Brier of (replications, items); Draws have an axis for the model."""
    common, with_length = KINDS[kind]
    x = rng.normal(0, SPREAD, shape)
    of_context = rng.normal(size=(shape[0], 1, N_CONTEXTS))
    shift = (common + with_length * x[:, :, None] / SPREAD) * of_context
    probs = np.repeat(rng.dirichlet(np.ones(4), size=shape)[:, :, None, :], N_CONTEXTS, axis=2)
    moved = shifted(probs, shift)
    counts = rng.multinomial(n_samples // N_CONTEXTS, moved / moved.sum(axis=-1, keepdims=True)).astype(float)
    items = Items(probs[:, :, 0], np.zeros((*shape, 4, 1)), np.zeros(shape[1], dtype=np.int64))
    numbers = item_numbers(counts, items, 0, 0)["brier"]
    return Draws(x[:, None], numbers.error[:, None], numbers.variance_unbiased[:, None]), numbers


def simulate(kind: str, size: tuple[int, int], n_replications: int, seed: int) -> dict[str, float]:
    """Share of intervals that hold 0, with the contexts and without."""
    rng = np.random.default_rng(seed)
    held = {"two-way": 0, "items alone": 0}
    for start in range(0, n_replications, BATCH):
        draws, numbers = draw(kind, (min(BATCH, n_replications - start), size[0]), size[1], rng)
        shifts: tuple[Array, Array] | None = None
        if numbers.error_shift is not None and numbers.variance_shift is not None:
            shifts = numbers.error_shift, numbers.variance_shift
        for name, of_contexts in (("two-way", shifts), ("items alone", None)):
            rows = fitted("brier", draws, of_contexts)
            held[name] += sum(low is not None and high is not None and low <= 0 <= high for _, _, low, high in rows)
    return {name: count / n_replications for name, count in held.items()}


def main() -> int:
    """Run the cells that are not recorded yet, record each, and print all."""
    recorded: dict[str, dict[str, float]] = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    for number, kind in enumerate(KINDS):
        for size in SIZES:
            name = f"{kind}, {size[0]}x{size[1]}"
            if name not in recorded:
                recorded[name] = {"n": N_REPLICATIONS} | simulate(kind, size, N_REPLICATIONS, seed=number)
                with atomic_path(RESULT) as temporary:
                    temporary.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    missed = False
    for name, shares in recorded.items():
        slack = 2.576 * np.sqrt(0.95 * 0.05 / shares["n"])
        missed = missed or shares["two-way"] + slack < 0.93
        sys.stdout.write(f"{name}: two-way {shares['two-way']:.3f}, items alone {shares['items alone']:.3f}\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
