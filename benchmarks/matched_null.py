"""Does accuracy-matched incoherence see a difference where only accuracy differs?

`python -m benchmarks.matched_null` counts. Two models answer the same items, and the second's right answers have other
odds by one common factor: matched, they do not differ. And a planted difference: the second's wrong answers scatter,
where the first has one wrong belief per item. Counts of outcomes go through the warehouse's own SQL. Exit status 1 if
an interval misses its bounds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.failure_coverage import ENOUGH_SHOWN, Cell, Counts, cell_of, compile_models, outcomes
from benchmarks.populations import N_OPTIONS, Array, draw_items, shifted
from warehouse.parquet import atomic_path

RESULT = Path(__file__).with_name("results") / "matched_null.json"
POPULATIONS = ("typical", "hard")
SIZES = ((50, 5), (200, 5), (198, 10), (200, 30))
"""Items × samples of each."""

LOGITS = (0.7, 1.4)
"""By how much the logit of the second model's right answers is higher."""

N_EXPERIMENTS, BATCH = 1_000, 40_000
MODELS = (
    "int_matched_moments",
    "int_matched_pairs",
    "int_matched_sides",
    "int_matched_shifts",
    "int_matched_series",
    "int_matched_incoherence",
)
"""In the order in which they read each other."""

SETUP = """
    attach ':memory:' as warehouse;
    create schema warehouse.intermediate;
    use warehouse.intermediate;
    create table int_item_outcomes as from given;
    create table int_item_modes as
        select distinct task, model_id, condition_id, item_id from given;
    create table int_item_clusters as select distinct task, item_id, item_id as cluster_id from given;
    create table int_pool_pairs as
        select distinct task, 'models' as compared, 'a' as model_id, condition_id, 'b' as other_model_id,
            condition_id as other_condition_id
        from given
"""


def differences(
    queries: Mapping[str, str], first: Counts, second: Counts
) -> list[tuple[float | None, float | None, str | None]]:
    """Matched difference, half the width of its interval and why there is none, of each experiment."""
    given = pa.concat_tables([outcomes(first, "a"), outcomes(second, "b")])  # noqa: F841 (read by the query)
    with duckdb.connect() as con:
        con.execute(SETUP)
        for model in MODELS:
            con.execute(f"create table {model} as {queries[model]}")
        return con.execute(
            "select matched_difference, half_width, matched_note from int_matched_incoherence"
        ).fetchall()


def simulate(
    queries: Mapping[str, str], population: str, size: tuple[int, int], logit: float, n_experiments: int, seed: int
) -> Cell:
    """Intervals of the matched difference of two models that differ in accuracy alone: they should hold 0."""
    rng = np.random.default_rng([seed, *size, POPULATIONS.index(population)])
    rows: list[tuple[float | None, float | None]] = []
    at_once = max(1, min(n_experiments, BATCH // size[0]))
    for start in range(0, n_experiments, at_once):
        probs = draw_items(population, (min(at_once, n_experiments - start), size[0]), rng).probs
        counts = [padded(rng.multinomial(size[1], p)) for p in (probs, shifted(probs, logit))]
        for difference, half_width, _ in differences(queries, *counts):
            shown = difference is not None and half_width is not None
            rows.append((difference - half_width, difference + half_width) if shown else (None, None))  # type: ignore[operator]
    return cell_of(0.0, rows)


def padded(counts: Counts) -> Counts:
    """With a column for each way to give no answer, which here never happens."""
    return np.pad(counts, [(0, 0), (0, 0), (0, 3)])


def planted(n_items: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Answer probabilities of two models, equally often right: one wrong belief per item, or any wrong option."""
    right = rng.beta(2, 1.5, size=(1, n_items, 1))
    belief = np.eye(N_OPTIONS)[rng.integers(1, N_OPTIONS, size=(1, n_items))]
    scattered = np.full(N_OPTIONS, 1 / (N_OPTIONS - 1)) * (np.arange(N_OPTIONS) > 0)
    one_hot = np.eye(N_OPTIONS)[0]
    return right * one_hot + (1 - right) * belief, right * one_hot + (1 - right) * scattered


def faults(name: str, cell: Cell) -> list[str]:
    """Differences that are none and yet found, by more than chance."""
    slack = 2.576 * np.sqrt(0.025 / max(1, cell.n_shown))
    if cell.n_shown < ENOUGH_SHOWN:
        return []
    return [
        f"{name}: {side} of {cell.n_shown} intervals on one side of 0"
        for side in (cell.below, cell.above)
        if side > 0.025 + slack
    ]


def main() -> int:
    """Simulate every population, size and difference of accuracy, write what came out, and print it."""
    with tempfile.TemporaryDirectory() as folder:
        queries = compile_models(Path(folder), MODELS)
    recorded, found = {}, []
    for population in POPULATIONS:
        for size in SIZES:
            for logit in LOGITS:
                cell = simulate(queries, population, size, logit, N_EXPERIMENTS, seed=1)
                name = f"{population}, {size[0]}x{size[1]}, {logit}"
                recorded[name] = asdict(cell)
                found += faults(name, cell)
                print(f"{name:30} {cell.coverage:.3f} {cell.below:.3f} {cell.above:.3f} {cell.n_shown}", flush=True)
    with atomic_path(RESULT) as path:
        path.write_text(json.dumps(recorded, indent=1) + "\n")
    print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
