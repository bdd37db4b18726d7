"""Do intervals of drift hold the truth, and see nothing where nothing has changed?

`python -m benchmarks.drift` counts. Samples of one model on two days, the second day's with other answer probabilities
or lengths where a change is planted, go through the warehouse's own SQL, each experiment as a condition of its own.
Exit status 1 if an interval misses its bounds.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.failure_coverage import Cell, cell_of, create_models, record_coverage
from benchmarks.populations import N_OPTIONS, draw_items, shifted
from benchmarks.shared_errors import faults

RESULT = Path(__file__).with_name("results") / "drift.json"
SIZES = ((30, 5), (50, 10), (200, 5), (200, 15))
"""Items × samples of each on either day."""

N_EXPERIMENTS, BATCH, N_TRUTH = 1_000, 400_000, 200_000
MODELS = (
    "int_drift_periods",
    "int_drift_samples",
    "int_drift_decomposition",
    "int_drift_items",
    "int_drift",
    "fig_drift",
)
"""In the order in which they read each other."""


@dataclass(frozen=True)
class Population:
    """What the second day changes.

    Attributes:
        logit: of every right answer.
        blend: how much of its wrong answers an item takes from all wrong options alike instead of its own.
        log_length: of every sample's length.
    """

    logit: float = 0.0
    blend: float = 0.0
    log_length: float = 0.0


POPULATIONS = {
    "nothing": Population(),
    "less accurate": Population(logit=-0.8),
    "more scattered": Population(blend=0.5),
    "longer": Population(log_length=0.2),
}

SETUP = """
    attach ':memory:' as warehouse;
    create schema warehouse.staging;
    create schema warehouse.intermediate;
    create schema warehouse.marts;
    create schema warehouse.figures;
    create table warehouse.staging.stg_samples as
        select *, cast(null as varchar) as served_model, cast(null as varchar) as system_fingerprint from given;
    create table warehouse.intermediate.int_sample_answers as
        select *, 'choice' as answer_kind, cast(null as double[]) as class_probs, cast(null as double) as prob_total,
            choice_index as predicted_index, choice_index = 0 as is_correct, cast(null as double) as graded,
            0 as target_index, cast(null as bigint) as reasoning_tokens, cast(null as bigint) as n_actions
        from given;
    create table warehouse.intermediate.int_pools as
        select distinct task, model_id, condition_id, 'brier' as main_decomposition,
            'output_tokens' as main_length_axis
        from given;
    create table warehouse.intermediate.int_sample_tests as
        select '' as sample_id, '' as test_name, true as passed where false;
    create table warehouse.intermediate.int_item_clusters as
        select distinct task, item_id, item_id as cluster_id from given;
    create table warehouse.marts.dim_model as
        select 'm' as model_id, '' as model_family, 1 as param_count, true as is_simulated;
    create table warehouse.marts.dim_condition as
        select distinct condition_id, '' as condition_label, '' as prompt_format, '' as reasoning_budget from given
"""


def draw(population: Population, shape: tuple[int, int], n_samples: int, rng: np.random.Generator) -> pa.Table:
    """Samples of two days; shape: (experiments, items), each experiment a condition."""
    probs = draw_items("typical", shape, rng).probs
    later = shifted(probs, population.logit)
    wrong = later[..., 1:].sum(axis=-1, keepdims=True) / (N_OPTIONS - 1)
    later[..., 1:] = (1 - population.blend) * later[..., 1:] + population.blend * wrong
    middle = rng.normal(6, 0.5, size=shape)
    parts = []
    for day, chances in enumerate((probs, later)):
        uniform = rng.random((*shape, n_samples, 1))
        choices = np.minimum((uniform > chances.cumsum(axis=-1)[:, :, None]).sum(axis=-1), N_OPTIONS - 1)
        logs = middle[..., None] + day * population.log_length + rng.normal(0, 0.4, size=choices.shape)
        experiments, items, _ = np.indices(choices.shape).reshape(3, -1)
        parts.append(
            pa.table(
                {
                    "condition_id": experiments.astype(str),
                    "item_id": items.astype(str),
                    "choice_index": choices.ravel(),
                    "output_tokens": np.exp(logs).ravel().astype(np.int64),
                    "created_at": pa.array([datetime(2026, 3, 1 + day)] * choices.size, pa.timestamp("us")),
                }
            )
        )
    table = pa.concat_tables(parts)
    n = len(table)
    constant = {"task": "t", "model_id": "m", "status": "ok"}
    for name, value in constant.items():
        table = table.append_column(name, pa.array([value]).take(pa.array(np.zeros(n, dtype=np.int64))))
    return table.append_column("sample_id", pa.array(np.arange(n).astype(str))).append_column(
        "n_classes", pa.array(np.full(n, N_OPTIONS))
    )


def changes(queries: Mapping[str, str], given: pa.Table) -> list[tuple[str, float, float | None, float | None]]:
    """What is measured, its change and the ends of its interval, of every experiment."""
    with duckdb.connect() as con:
        con.register("given", given)
        con.execute(SETUP)
        create_models(con, queries, MODELS)
        return con.execute(
            "select drift_measure, change_since, change_since_ci_low, change_since_ci_high "
            "from warehouse.figures.fig_drift where drift_measure is not null"
        ).fetchall()


def simulate(
    queries: Mapping[str, str], name: str, size: tuple[int, int], n_experiments: int, seed: int, n_truth: int = N_TRUTH
) -> dict[str, Cell]:
    """Intervals of many experiments, by what is measured; the truth is what very many items come to."""
    rng = np.random.default_rng([seed, *size, list(POPULATIONS).index(name)])
    found: dict[str, list[tuple[float | None, float | None]]] = {}
    at_once = max(1, min(n_experiments, BATCH // (2 * size[0] * size[1])))
    for first in range(0, n_experiments, at_once):
        shape = (min(at_once, n_experiments - first), size[0])
        for measure, _, low, high in changes(queries, draw(POPULATIONS[name], shape, size[1], rng)):
            found.setdefault(measure, []).append((low, high))
    truth = truths(queries, name, n_truth)
    return {measure: cell_of(truth[measure], rows) for measure, rows in sorted(found.items())}


def truths(queries: Mapping[str, str], name: str, n_items: int) -> dict[str, float]:
    """What very many items come to; 0 where nothing was planted that could change it."""
    population = POPULATIONS[name]
    given = draw(population, (1, n_items), 10, np.random.default_rng(99))
    told = {measure: change for measure, change, _, _ in changes(queries, given)}
    if not population.logit:
        told["accuracy"] = 0.0
        told["incoherence"] *= bool(population.blend)
    told["length"] = float(np.expm1(population.log_length))
    return told


def main() -> int:
    """Simulate every population and size."""
    return record_coverage(
        RESULT,
        MODELS,
        itertools.product(POPULATIONS, SIZES),
        lambda queries, name, size: simulate(queries, name, size, N_EXPERIMENTS, seed=1),
        faults,
    )


if __name__ == "__main__":
    sys.exit(main())
