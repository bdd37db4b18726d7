"""Is overthinking found where there is none? `python -m benchmarks.overthinking_null` counts.

Wrong answers are longer than right ones, or contexts lengthen answers and shift which one is picked; which wrong answer
is given has nothing to do with its length. Each replication is a condition and goes through the warehouse's own SQL,
from the samples to int_overthinking_held_difference. Cells that the recorded result has are kept; delete it to start
over. Exit status 1 if more intervals lie wholly above, or wholly below 0 than 2.5 % and the error of the count.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.dice import ALPHA
from warehouse.layout import Layout
from warehouse.parquet import atomic_path
from warehouse.transform import prepare, run_dbt

RESULT = Path(__file__).with_name("results") / "overthinking_null.json"
N_REPLICATIONS, BATCH = 1_000, 100
N_CONTEXTS = 10
SCENARIOS = {"no longer": 0.0, "longer by 1 sd": 1.0, "longer by 0.5 sd, shared contexts": 0.5}
"""By how many standard deviations of log length wrong answers are longer."""

CELLS = (
    ("no longer", (50, 10)),
    ("no longer", (200, 10)),
    ("longer by 1 sd", (50, 10)),
    ("longer by 0.5 sd, shared contexts", (50, 10)),
)
"""Scenarios and sizes: items × samples."""

MODELS = (
    "int_item_numbers",
    "int_overthinking_samples",
    "int_overthinking_judged_answers",
    "int_overthinking_components",
    "int_overthinking_held_squares",
    "int_overthinking_held_kl",
    "int_overthinking_held",
    "int_overthinking_accuracy_held",
    "int_overthinking_held_difference",
)
"""In the order in which they read each other."""


@dataclass(frozen=True)
class Cell:
    """What a scenario, size and metric came to.

    Attributes:
        n: replications; n_shown: those with an interval.
        above, below: share of intervals wholly above, wholly below 0.
        mean: mean of the differences; 0 is true.
    """

    n: int
    n_shown: int
    above: float
    below: float
    mean: float


def draw(scenario: str, shape: tuple[int, int, int], rng: np.random.Generator) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Chosen options (0 is right) and lengths of (replications, items, samples)."""
    n_replications, _, n_samples = shape
    logits = np.log(rng.dirichlet(ALPHA, size=shape[:2]))[:, :, None, :]
    of_context = np.zeros((n_replications, 1, n_samples))
    if scenario.endswith("shared contexts"):
        context = np.arange(n_samples) % N_CONTEXTS
        # Examples that are long, and examples that favour some option: for all items alike.
        of_context = rng.normal(0, 0.5, size=(n_replications, 1, N_CONTEXTS))[:, :, context]
        logits = logits + rng.normal(0, 0.3, size=(n_replications, 1, N_CONTEXTS, len(ALPHA)))[:, :, context]
    # The largest of logit + Gumbel noise is a draw from the probabilities.
    choices = np.argmax(logits + rng.gumbel(size=(*shape, len(ALPHA))), axis=-1)
    log_length = 5 + 0.5 * (rng.normal(size=shape) + SCENARIOS[scenario] * (choices > 0) + of_context)
    return {"choices": choices, "lengths": np.exp(log_length)}


def differences(draws: dict[str, np.ndarray]) -> list[tuple[str, float | None, float | None, float | None]]:  # type: ignore[type-arg]
    """Metric, difference and interval of every replication, by the models' compiled SQL."""
    replication, item, _ = (axis.ravel() for axis in np.indices(draws["choices"].shape))
    choice = draws["choices"].ravel()
    samples = pa.table(
        {
            "sample_id": np.arange(choice.size),
            "condition_id": replication,
            "item_id": item,
            "choice_index": choice,
            "output_tokens": np.rint(draws["lengths"].ravel()).astype(int),
        }
    )
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as warehouse; use warehouse; create schema intermediate; use intermediate")
        con.register("samples", samples)
        con.execute(f"""
            create table int_sample_answers as select cast(sample_id as varchar) as sample_id, 'dice' as task,
                'dice' as model_id, cast(condition_id as varchar) as condition_id, cast(item_id as varchar) as item_id,
                'choice' as answer_kind, {len(ALPHA)} as n_classes, 0 as target_index, choice_index,
                cast(null as double[]) as class_probs, cast(null as double) as prob_total,
                choice_index as predicted_index, choice_index = 0 as is_correct, output_tokens,
                cast(null as bigint) as reasoning_tokens, cast(null as bigint) as n_actions from samples;
            create table int_sample_tests (task varchar, model_id varchar, condition_id varchar, item_id varchar,
                sample_id varchar, test_name varchar, passed boolean);
        """)
        for model, sql in _compiled().items():
            con.execute(f"create table {model} as {sql}")
        return con.execute(
            "select decomposition, difference, difference_ci_low, difference_ci_high "
            "from int_overthinking_held_difference where decomposition in ('brier', 'kl')"
        ).fetchall()


def simulate(scenario: str, size: tuple[int, int], n_replications: int, seed: int) -> dict[str, Cell]:
    """How often an interval leaves out 0, per metric."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float | None, float | None, float | None]]] = {"brier": [], "kl": []}
    for start in range(0, n_replications, BATCH):
        for metric, *row in differences(draw(scenario, (min(BATCH, n_replications - start), *size), rng)):
            found[metric].append((row[0], row[1], row[2]))
    return {metric: _cell(rows) for metric, rows in found.items()}


def _cell(rows: list[tuple[float | None, float | None, float | None]]) -> Cell:
    low, high = np.array([(low, high) for _, low, high in rows if low is not None], dtype=float).reshape(-1, 2).T
    middles = [difference for difference, _, _ in rows if difference is not None]
    return Cell(len(rows), len(low), float(np.mean(low > 0)), float(np.mean(high < 0)), float(np.mean(middles)))


@cache
def _compiled() -> dict[str, str]:
    """The SQL of the models, as dbt compiles it for an empty warehouse; of δ, that of the findings alone."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder).resolve())
        prepare(layout)
        run_dbt(layout, ["compile", "--select", *MODELS, "--vars", "multiverse_deltas: []"])
        results = json.loads((layout.dbt_target / "run_results.json").read_text())["results"]
    found = {result["unique_id"].rsplit(".", 1)[-1]: result["compiled_code"] for result in results}
    return {model: found[model] for model in MODELS}


def faults(name: str, cell: Cell) -> list[str]:
    """Whether a side has more false findings than 2.5 % and the error of the count (99 %)."""
    most = 0.025 + 2.576 * np.sqrt(0.025 * 0.975 / cell.n_shown)
    return [f"{name}: {cell.above:.3f} above, {cell.below:.3f} below"] if max(cell.above, cell.below) > most else []


def main() -> int:
    """Run the cells that are not recorded yet, record each, and print all."""
    recorded: dict[str, dict[str, float]] = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    for seed, (scenario, size) in enumerate(CELLS, start=1):
        prefix = f"wrong answers {scenario}, {size[0]}x{size[1]}"
        if f"{prefix}, brier" not in recorded:
            for metric, cell in simulate(scenario, size, N_REPLICATIONS, seed).items():
                recorded[f"{prefix}, {metric}"] = asdict(cell)
            with atomic_path(RESULT) as temporary:
                temporary.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    missed = []
    for name, numbers in recorded.items():
        cell = Cell(**numbers)  # type: ignore[arg-type]
        missed += faults(name, cell)
        told = f"{cell.above:.3f} above, {cell.below:.3f} below, mean {cell.mean:+.4f}, {cell.n_shown} of {cell.n}"
        sys.stdout.write(f"{name}: {told}\n")
    sys.stdout.writelines(f"MISSED {line}\n" for line in missed)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
