"""Do intervals of slopes hold the truth, and do they find what is there? `python -m benchmarks.slope_coverage` counts.

Draws of items from `benchmarks/slope_population.py` go through the warehouse's own SQL (int_slope_influences,
int_slopes), each replication as a condition: one slope per model, and one for all four together. Cells that the
recorded result has are kept; delete it to start over. Exit status 1 if a cell misses its bounds.
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

from benchmarks.slope_population import Array, Draws, draw
from warehouse.layout import Layout
from warehouse.parquet import atomic_path
from warehouse.transform import prepare, run_dbt

RESULT = Path(__file__).with_name("results") / "slope_coverage.json"
SIZES = ((50, 5), (198, 10), (200, 30), (448, 30))
SLOPES = (0.0, 0.3, 0.56)
METRICS = ("kl", "brier")
N_MODELS, N_REPLICATIONS, BATCH = 4, 1_000, 250
MODELS = ("int_slope_influences", "int_slopes")
POWER = {"one model": 0.42, "all models": 0.75}
"""By KL at slope 0.3 and 448 items of 30 samples."""


@dataclass(frozen=True)
class Cell:
    """What a metric, size and slope came to.

    Attributes:
        n: slopes counted; n_shown: those with an interval.
        coverage: share of the intervals that hold the true slope.
        above, below: share of intervals wholly above, wholly below 0.
        mean: mean of the estimates.
    """

    n: int
    n_shown: int
    coverage: float
    above: float
    below: float
    mean: float


def simulate(
    metric: str, size: tuple[int, int], slope: float, n_replications: int, seed: int, n_models: int = N_MODELS
) -> dict[str, Cell]:
    """Fit the slopes of replications through the warehouse's SQL, for one model and for all together."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float | None, float | None]]] = {"model": [], "all_models": []}
    for start in range(0, n_replications, BATCH):
        n = min(BATCH, n_replications - start)
        rows = fitted(metric, draw(metric, slope, (n, n_models, size[0]), size[1], rng))
        for scope, estimate, low, high in rows:
            found[scope].append((estimate, low, high))
    names = {"model": "one model", "all_models": "all models"}
    return {names[scope]: _cell(slope, rows) for scope, rows in found.items() if rows}


def _cell(slope: float, rows: list[tuple[float, float | None, float | None]]) -> Cell:
    shown = [(low, high) for _, low, high in rows if low is not None and high is not None]
    estimates = np.array([estimate for estimate, _, _ in rows if estimate is not None])
    low, high = np.array(shown).T
    return Cell(
        n=len(rows),
        n_shown=len(shown),
        coverage=float(np.mean((low <= slope) & (slope <= high))),
        above=float(np.mean(low > 0)),
        below=float(np.mean(high < 0)),
        mean=float(estimates.mean()),
    )


def fitted(
    metric: str, draws: Draws, shifts: tuple[Array, Array] | None = None
) -> list[tuple[str, float, float | None, float | None]]:
    """Scope, slope and interval of every fit, by the models' compiled SQL.

    Args:
        metric: the decomposition's name.
        draws: (replications, models, items).
        shifts: of one model, (replications, items, contexts): how error and variance shift without a context.
    """
    replication, model, item = (axis.ravel() for axis in np.indices(draws.x.shape))
    items = pa.table(
        {
            "condition_id": pa.array(replication).cast(pa.string()),
            "model_id": pa.array(model).cast(pa.string()),
            "item_id": pa.array(item).cast(pa.string()),
            "error": draws.error.ravel(),
            "variance_unbiased": draws.variance.ravel(),
            "mean_reasoning_tokens": np.exp(draws.x.ravel()),
        }
    )
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as warehouse; use warehouse; create schema intermediate; use intermediate")
        con.register("items", items)
        con.register("shifts", _shifts(shifts))
        con.execute(
            f"""
            create table int_item_decomposition as select 'slopes' as task, *, '{metric}' as decomposition,
                cast(null as double) as mean_output_tokens, cast(null as double) as mean_actions from items;
            create table int_item_contexts as select 'slopes' as task, '0' as model_id, *,
                '{metric}' as decomposition from shifts;
            create table int_overthinking_accuracy_held as
                select *, 1.0 as mean_length, 'none' as length_axis from int_item_decomposition limit 0;
            create table int_models as select distinct model_id, cast(null as varchar) as model_family,
                cast(null as bigint) as param_count, true as is_simulated from int_item_decomposition;
            create table int_pool_metrics as select distinct task, model_id, condition_id,
                '{metric}' as main_decomposition, 'reasoning_tokens' as main_length_axis, 1.0 as mean_samples,
                cast(null as double) as cost_usd_per_sample from int_item_decomposition;
            """
        )
        sql = _compiled()
        con.execute(f"create table int_slope_influences as {sql['int_slope_influences']}")
        con.execute(
            "create table int_slope_noise as select task, condition_id, decomposition, slope_over, length_axis, "
            "fit_id, cast(null as double) as sample_noise from int_slope_influences limit 0"
        )
        return con.execute(
            f"select fit_scope, slope, slope_ci_low, slope_ci_high from ({sql['int_slopes']}) as slopes"
        ).fetchall()


def _shifts(shifts: tuple[Array, Array] | None) -> pa.Table:
    errors, variances = shifts if shifts is not None else (np.zeros((0, 0, 0)), np.zeros((0, 0, 0)))
    replication, item, context = (axis.ravel() for axis in np.indices(errors.shape))
    keys = {"condition_id": replication, "item_id": item, "context_id": context}
    return pa.table(
        {name: pa.array(values).cast(pa.string()) for name, values in keys.items()}
        | {"error_shift": errors.ravel(), "variance_shift": variances.ravel()}
    )


@cache
def _compiled() -> dict[str, str]:
    """The SQL of the slopes' models, as dbt compiles it for an empty warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder).resolve())
        prepare(layout)
        run_dbt(layout, ["compile", "--select", *MODELS])
        results = json.loads((layout.dbt_target / "run_results.json").read_text())["results"]
    return {result["unique_id"].rsplit(".", 1)[-1]: result["compiled_code"] for result in results}


def faults(name: str, cell: Cell) -> list[str]:
    """Which bounds a cell misses: 0.93 by its 99 % interval, 3.5 % of false findings per side, the power asked for."""
    metric, size, slope, scope = name.split(", ")
    slack = 2.576 * np.sqrt(0.95 * 0.05 / cell.n_shown)
    missed = []
    if cell.coverage + slack < 0.93:
        missed.append(f"{name}: coverage {cell.coverage:.3f}")
    if slope == "slope 0.0" and max(cell.above, cell.below) > 0.035:
        missed.append(f"{name}: false findings {cell.above:.3f}, {cell.below:.3f}")
    if (metric, size, slope) == ("kl", "448x30", "slope 0.3") and cell.above < POWER[scope]:
        missed.append(f"{name}: power {cell.above:.3f}")
    return missed


def main() -> int:
    """Run the cells that are not recorded yet, record each, and print all."""
    recorded: dict[str, dict[str, float]] = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    seed = 0
    for metric in METRICS:
        for size in SIZES:
            for slope in SLOPES:
                seed += 1
                prefix = f"{metric}, {size[0]}x{size[1]}, slope {slope}"
                if f"{prefix}, one model" not in recorded:
                    for scope, cell in simulate(metric, size, slope, N_REPLICATIONS, seed).items():
                        recorded[f"{prefix}, {scope}"] = asdict(cell)
                    with atomic_path(RESULT) as temporary:
                        temporary.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    missed = []
    for name, numbers in recorded.items():
        cell = Cell(**numbers)  # type: ignore[arg-type]
        missed += faults(name, cell)
        sys.stdout.write(
            f"{name}: holds {cell.coverage:.3f}, above {cell.above:.3f}, below {cell.below:.3f}, "
            f"mean {cell.mean:+.3f}, {cell.n_shown} of {cell.n}\n"
        )
    sys.stdout.writelines(f"MISSED {line}\n" for line in missed)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
