"""Do intervals of failure modes, reliability and agreement hold the truth?

`python -m benchmarks.failure_coverage` counts. Experiments on items whose answer probabilities are known go through the
warehouse's own SQL, from counts of outcomes to the figures' intervals, each as a pool of its own. Samples also fail
without an answer: now and then on every item, and mostly on a few. The truth of pass^k, pass@k and agreement is in
closed form; that of failure modes, which are classes of an item's samples, and of majorities is their mean over very
many items. Where five items or more are expected to show what a share counts, and not to show it, coverage is held to
0.93 to 0.97, averaged over truths nearby: a count of items makes it jump from one truth to the next (Brown, Cai and
DasGupta 2001). Exit status 1 if an interval misses its bounds.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.populations import N_OPTIONS, Array, draw_items
from warehouse.layout import Layout
from warehouse.parquet import atomic_path
from warehouse.transform import prepare, run_dbt

Counts = NDArray[np.int64]
Estimate = tuple[str, float, float | None, float | None]
"""What is estimated, the estimate, and the ends of its interval."""

RESULT = Path(__file__).with_name("results") / "failure_coverage.json"
POPULATIONS = ("typical", "hard", "easy99")
SIZES = ((30, 5), (50, 10), (200, 5), (200, 30))
"""Items × samples of each."""

N_EXPERIMENTS, BATCH, N_TRUTH = 2_000, 100_000, 200_000
ENOUGH_SHOWN = 200
"""Intervals that coverage is told by."""

LEAST, MOST = 0.93, 0.97
FEWEST = 5
"""Of a share, items that are expected to show it, or not to, whichever are fewer: below, counts of a few items leave no
interval that holds every truth so often and no oftener."""

FEW = f"too few to tell: expected count < {FEWEST}"
BOUND = "at a bound: nothing to miss on one side"
WIDE = "wide: interval of incoherence, below 100 items"

RUNS = (1, 2, 3, 5)
BLANKS = ("format_failure", "cut_off", "refused")
MODELS = (
    "int_item_failure_modes",
    "int_failure_mode_shares",
    "int_item_votes",
    "int_majority_votes",
    "int_item_reliability",
    "fig_reliability",
    "fig_agreement",
)
"""In the order in which they read each other."""


@dataclass(frozen=True)
class Cell:
    """What the intervals of one number came to.

    Attributes:
        truth: the number that they should hold.
        n: experiments; n_shown: those with an interval.
        coverage: share of the intervals that hold it.
        below, above: share of the intervals that lie below it, above it.
        nearby: of a mean over items, coverage averaged over truths within one standard error.
        outside: why coverage is not held to be at most `MOST`; empty where it is.
    """

    truth: float
    n: int
    n_shown: int
    coverage: float
    below: float
    above: float
    nearby: float | None = None
    outside: str = ""


def draw_probabilities(population: str, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """(experiments, items, options and ways to give no answer) probabilities; option 0 is right."""
    answers = draw_items(population, shape, rng).probs
    blank = np.broadcast_to([0.01, 0.005, 0.005], (*shape, len(BLANKS))).copy()
    struck = rng.random(shape) < 0.08
    blank[struck, rng.integers(0, len(BLANKS), size=struck.sum())] = 0.6
    return np.concatenate([answers * (1 - blank.sum(axis=-1, keepdims=True)), blank], axis=-1)


def outcomes(counts: Counts, model_id: str = "m") -> pa.Table:
    """Rows of int_item_outcomes, each experiment a condition."""
    experiments, items, kinds = np.nonzero(counts)
    names = np.array(["right", *["wrong_answer"] * (N_OPTIONS - 1), *BLANKS])
    return pa.table(
        {
            "task": pa.array(["t"] * len(kinds)),
            "model_id": pa.array([model_id] * len(kinds)),
            "condition_id": experiments.astype(str),
            "item_id": items.astype(str),
            "outcome": names[kinds],
            "predicted_index": pa.array(np.where(kinds < N_OPTIONS, kinds, 0), mask=kinds >= N_OPTIONS),
            "n_classes": np.full(len(kinds), N_OPTIONS),
            "n_samples": counts[experiments, items, kinds],
        }
    )


def estimates(queries: Mapping[str, str], counts: Counts) -> list[Estimate]:
    """What every experiment comes to, through the SQL."""
    given = outcomes(counts)  # noqa: F841 (read by the query)
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as warehouse")
        for schema in ("intermediate", "marts", "figures"):
            con.execute(f"create schema warehouse.{schema}")
        con.execute(
            """
            create table warehouse.intermediate.int_item_outcomes as from given;
            create table warehouse.intermediate.int_item_clusters as
                select distinct task, item_id, item_id as cluster_id from given;
            create table warehouse.intermediate.int_pool_metrics as
                select distinct task, model_id, condition_id, cast(null as double) as cost_usd_per_sample from given;
            create table warehouse.marts.dim_model as
                select 'm' as model_id, '' as model_family, 1 as param_count, true as is_simulated;
            create table warehouse.marts.dim_condition as
                select distinct condition_id, '' as condition_label, '' as prompt_format, '' as reasoning_budget
                from given
            """
        )
        create_models(con, queries, MODELS)
        return con.execute(_questions()).fetchall()


def _questions() -> str:
    """What is estimated, the estimate and its ends, from all figures."""
    shares = ("share_of_items", "share_of_items_ci_low", "share_of_items_ci_high")
    shown = f"select failure_mode, {', '.join(shares)} from warehouse.intermediate.int_failure_mode_shares"
    parts = [f"{shown} where is_rule"]
    for name in ("pass_hat_k", "pass_at_k", "majority_at_k"):
        parts.append(
            f"select '{name} ' || k, {name}, {name}_ci_low, {name}_ci_high from warehouse.figures.fig_reliability "
            f"where k in {RUNS}"
        )
    ends = "agreement_ci_low, agreement_ci_high"
    parts.append(f"select 'agreement', agreement, {ends} from warehouse.figures.fig_agreement")
    return " union all ".join(parts)


def truths(
    queries: Mapping[str, str], population: str, n_samples: int, n_items: int = N_TRUTH, seed: int = 99
) -> dict[str, float]:
    """Means over very many items: of classes and majorities through the SQL, of the others in closed form."""
    rng = np.random.default_rng(seed)
    probs = draw_probabilities(population, (1, n_items), rng)[0]
    right = probs[:, 0] / probs[:, : N_OPTIONS + 2].sum(axis=1)  # a refusal is no run
    wrong = probs[:, 1:N_OPTIONS]
    found = {f"pass_hat_k {k}": float(np.mean(right**k)) for k in RUNS}
    found |= {f"pass_at_k {k}": float(1 - np.mean((1 - right) ** k)) for k in RUNS}
    found["agreement"] = float(np.sum(wrong**2) / np.sum(wrong.sum(axis=1) ** 2))
    counts = rng.multinomial(n_samples, probs)[None]
    told = {name: estimate for name, estimate, _, _ in estimates(queries, counts)}
    return told | found


def simulate(
    queries: Mapping[str, str],
    population: str,
    size: tuple[int, int],
    n_experiments: int,
    seed: int,
    n_truth: int = N_TRUTH,
) -> dict[str, Cell]:
    """Intervals of many experiments, by what is estimated."""
    rng = np.random.default_rng([seed, *size, POPULATIONS.index(population)])
    found: dict[str, list[Estimate]] = {}
    at_once = max(1, min(n_experiments, BATCH // size[0]))
    for first in range(0, n_experiments, at_once):
        probs = draw_probabilities(population, (min(at_once, n_experiments - first), size[0]), rng)
        for row in estimates(queries, rng.multinomial(size[1], probs)):
            found.setdefault(row[0], []).append(row)
    truth = truths(queries, population, size[1], n_truth)
    cells = {}
    for name, rows in sorted(found.items()):
        cell = cell_of(truth[name], [(low, high) for _, _, low, high in rows])
        if name == "agreement":
            cells[name] = replace(cell, outside=WIDE if size[0] < 100 else "")
        else:
            cells[name] = replace(cell, nearby=nearby(rows), outside=few(truth[name], size[0]))
    return cells


def few(share: float, n_items: int) -> str:
    """Whether fewer items are expected to show something, or not to, than coverage can be told by."""
    return FEW if n_items * min(share, 1 - share) < FEWEST else ""


def nearby(rows: Sequence[Estimate], n_truths: int = 21) -> float | None:
    """Coverage of means over items, averaged over truths within one standard error of theirs.

    Experiments are weighed by exp(z · estimate / its standard error), -1 ≤ z ≤ 1: that makes them experiments on a
    population whose items are drawn the oftener the higher (z > 0) or lower (z < 0) their number is, and whose truth is
    the weighted mean of the estimates. Of yes-or-no items it is the population whose share is so much higher or lower.
    """
    told = np.array([(estimate, low, high) for _, estimate, low, high in rows if low is not None], dtype=float)
    if not len(told) or np.ptp(told[:, 0]) == 0:
        return None
    scores = (told[:, 0] - told[:, 0].mean()) / told[:, 0].std()
    weights = np.exp(np.linspace(-1, 1, n_truths)[:, None] * scores)
    weights /= weights.sum(axis=1, keepdims=True)
    truths = (weights @ told[:, 0])[:, None]
    return float(np.mean(np.sum(weights * ((told[:, 1] <= truths) & (truths <= told[:, 2])), axis=1)))


def cell_of(truth: float, rows: list[tuple[float | None, float | None]]) -> Cell:
    shown = [(low, high) for low, high in rows if low is not None and high is not None]
    below = sum(high < truth for _, high in shown) / max(1, len(shown))
    above = sum(low > truth for low, _ in shown) / max(1, len(shown))
    return Cell(truth, len(rows), len(shown), 1 - below - above, below, above)


def compile_models(folder: Path, models: Sequence[str]) -> dict[str, str]:
    """Have dbt compile the models."""
    layout = Layout(folder.resolve())
    prepare(layout)
    run_dbt(layout, ["compile", "--select", *models])
    results = json.loads((layout.dbt_target / "run_results.json").read_text())["results"]
    return {result["unique_id"].split(".")[2]: result["compiled_code"] for result in results}


def create_models(con: duckdb.DuckDBPyConnection, queries: Mapping[str, str], models: Sequence[str]) -> None:
    """Run compiled models, in this order, on the tables that are there."""
    for model in models:
        schema = "figures" if model.startswith("fig_") else "intermediate"
        con.execute(f"create table warehouse.{schema}.{model} as {queries[model]}")


def record_coverage(
    result: Path,
    models: Sequence[str],
    designs: Iterable[tuple[str, tuple[int, int]]],
    simulate: Callable[[Mapping[str, str], str, tuple[int, int]], Mapping[str, Cell]],
    faults: Callable[[str, Cell], list[str]],
) -> int:
    """Simulate every population and size, write what came out, and print it.

    Args:
        result: the file that is written.
        models: dbt models that are compiled for it.
        designs: populations, each with items × samples.
        simulate: compiled models, population and size → a cell for each number that is estimated.
        faults: name and cell → what is wrong with it.

    Returns:
        1 if an interval misses its bounds, else 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        queries = compile_models(Path(folder), models)
    recorded: dict[str, dict[str, float]] = {}
    found = []
    for population, size in designs:
        for what, cell in simulate(queries, population, size).items():
            name = f"{population}, {size[0]}x{size[1]}, {what}"
            recorded[name] = asdict(cell)
            found += faults(name, cell)
            around = "     " if cell.nearby is None else f"{cell.nearby:.3f}"
            numbers = f"{cell.truth:.4f} {cell.coverage:.3f} {around} {cell.below:.3f} {cell.above:.3f} {cell.n_shown}"
            print(f"{name:55} {numbers} {cell.outside}", flush=True)
        with atomic_path(result) as path:
            path.write_text(json.dumps(recorded, indent=1) + "\n")
    print(*found, sep="\n")
    return int(bool(found))


def faults(name: str, cell: Cell) -> list[str]:
    """What an interval misses by more than chance: 93 in 100 everywhere, and 97 at most where that can be had."""
    if cell.n_shown < ENOUGH_SHOWN:
        return []
    chance = 2.576 * np.sqrt(0.95 * 0.05 / cell.n_shown)
    found = []
    if cell.coverage + chance < LEAST:
        found.append(f"{name}: {cell.coverage:.3f} of {cell.n_shown} intervals hold {cell.truth:.4f}")
    held = cell.coverage if cell.nearby is None else cell.nearby
    if not cell.outside and not LEAST - chance <= held <= MOST + chance:
        found.append(f"{name}: {held:.3f} of {cell.n_shown} intervals hold {cell.truth:.4f}, or a truth nearby")
    return found


def main() -> int:
    """Simulate every population and size."""
    return record_coverage(
        RESULT,
        MODELS,
        itertools.product(POPULATIONS, SIZES),
        lambda queries, population, size: simulate(queries, population, size, N_EXPERIMENTS, seed=1),
        faults,
    )


if __name__ == "__main__":
    sys.exit(main())
