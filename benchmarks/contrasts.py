"""Do contrasts recover a planted effect, and find none where there is none? `python -m benchmarks.contrasts` counts.

One model answers the same items under two conditions; what the second does to the answers is known. The SQL of
fct_incoherence_difference, which fig_contrasts reads, computes the paired differences of thousands of experiments in
one go, by Brier.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.interval_coverage import Product, compiled, insert_items, make_tables
from benchmarks.item_numbers import item_numbers
from benchmarks.populations import N_OPTIONS, Array, Items, draw_counts, draw_items

MEASURES = ("error", "bias_sq_unbiased", "variance_unbiased", "incoherence_unbiased")
BELIEVED, SCATTERED = 0.8, 0.3


def _believed(probs: Array) -> Array:
    """A hint at one wrong option, followed with that probability: more error, and all of it of one kind."""
    hinted: Array = (1 - BELIEVED) * probs + BELIEVED * np.eye(N_OPTIONS)[1]
    return hinted


def _scattered(probs: Array) -> Array:
    """An answer at random with that probability."""
    return (1 - SCATTERED) * probs + SCATTERED / N_OPTIONS


EFFECTS: dict[str, Callable[[Array], Array]] = {
    "none": lambda probs: probs,
    "a hint is believed": _believed,
    "answers scatter": _scattered,
}


@cache
def truth(effect: str, population: str, n_items: int = 1_000_000, seed: int = 99) -> dict[str, float]:
    """What the effect changes, from the expectations of very many items: standard error below 0.001."""
    before = draw_items(population, (1, n_items), np.random.default_rng(seed)).probs[0]
    parts = []
    for probs in (before, EFFECTS[effect](before)):
        error, variance = 2 * np.mean(1 - probs[:, 0]), np.mean(1 - np.sum(probs**2, axis=-1))
        parts.append(np.array([error, error - variance, variance, variance / error]))
    return dict(zip(MEASURES, (float(difference) for difference in parts[1] - parts[0]), strict=True))


def simulate(
    product: Product, effect: str, population: str, n_items: int, n_samples: int, n_draws: int, seed: int
) -> list[dict[str, Any]]:
    """Contrasts of many experiments, one row per measure.

    Returns:
        measure, truth, n_draws, n_shown (intervals), n_held (of them hold the truth), n_below and n_above (those that
        miss it: on which side of it they lie).
    """
    rng = np.random.default_rng([seed, n_items, n_samples])
    chunk = max(1, min(n_draws, 60_000 // n_items))
    rows: list[tuple[float | None, ...]] = []
    ends = ", ".join(f"{measure}_difference_ci_{end}" for measure in MEASURES for end in ("low", "high"))
    for first in range(0, n_draws, chunk):
        items = draw_items(population, (min(chunk, n_draws - first), n_items), rng)
        with duckdb.connect() as con:
            make_tables(con)
            for model, probs in (("first", items.probs), ("second", EFFECTS[effect](items.probs))):
                asked = Items(probs, items.passes, items.families)
                numbers = item_numbers(draw_counts(population, asked, n_samples, rng), asked, 0, 0)["brier"]
                insert_items(con, model, "brier", numbers, items.families, n_samples)
            rows += con.execute(f"select {ends} from ({product.queries['fct_incoherence_difference']})").fetchall()
    table = np.array(rows, dtype=float).reshape(len(rows), len(MEASURES), 2)
    return [
        _summary(measure, table[:, place], truth(effect, population)[measure]) for place, measure in enumerate(MEASURES)
    ]


def _summary(measure: str, ends: Array, true: float) -> dict[str, Any]:
    shown = ends[~np.isnan(ends[:, 0])]
    below, above = (int(np.sum(missed)) for missed in (shown[:, 1] < true, shown[:, 0] > true))
    return {
        "measure": measure,
        "truth": true,
        "n_draws": len(ends),
        "n_shown": len(shown),
        "n_held": len(shown) - below - above,
        "n_below": below,
        "n_above": above,
    }


def _told(row: dict[str, Any]) -> str:
    held, below, above = (f"{row[name] / max(row['n_shown'], 1):.3f}" for name in ("n_held", "n_below", "n_above"))
    shown = f"{row['n_shown'] / row['n_draws']:.2f} shown"
    return f"{row['measure']} {row['truth']:+.3f} held {held}, below {below}, above {above} ({shown})"


def main(arguments: list[str] | None = None) -> int:
    """Print a line per effect, population, size and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=4_000, help="experiments per cell (4,000: standard error 0.003)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        product = compiled(Path(folder))
    for population in ("typical", "hard"):
        for n_items, n_samples in ((50, 5), (200, 5)):
            for effect in EFFECTS:
                for row in simulate(product, effect, population, n_items, n_samples, options.draws, seed=1):
                    print(f"{population} {n_items}×{n_samples}, {effect}: {_told(row)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
