"""Do intervals of shared errors and of mixed ensembles hold the truth, and see nothing where there is nothing?

`python -m benchmarks.shared_errors` counts. Several models answer the same items. Each item has shares of its wrong
options; each model takes its wrong answers by beliefs of its own that scatter around these, and two of them may also
hold one belief together. Counts of outcomes go through the warehouse's own SQL, each experiment as a condition of its
own. Without a shared belief the excess agreement is 0, whatever else the models differ in. Of two models that err alike
a mixed ensemble is worth as much as more votes of one. Exit status 1 if an interval misses its bounds.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.failure_coverage import (
    ENOUGH_SHOWN,
    WIDE,
    Cell,
    Counts,
    cell_of,
    create_models,
    outcomes,
    record_coverage,
)
from benchmarks.failure_coverage import faults as missed
from benchmarks.matched_null import padded
from benchmarks.populations import N_OPTIONS, Array

RESULT = Path(__file__).with_name("results") / "shared_errors.json"
SIZES = ((30, 5), (50, 10), (200, 5), (198, 10))
"""Items × samples of each."""

N_EXPERIMENTS, BATCH, N_TRUTH = 4_000, 12_000, 200_000
MODELS = (
    "int_wrong_answers",
    "int_shared_error_items",
    "int_shared_errors",
    "fig_shared_errors",
    "int_item_votes",
    "int_majority_votes",
    "int_item_reliability",
    "int_vote_pair_answers",
    "int_vote_pairs",
    "int_mixed_votes",
    "int_mixed_ensemble_items",
    "fig_mixed_ensembles",
)
"""In the order in which they read each other."""


@dataclass(frozen=True)
class Population:
    """How several models answer an item.

    Attributes:
        n_models: models, of which the first two are compared.
        shared: how much of their wrong answers the first two take from a belief that they share.
        own: how much of its wrong answers each model takes from a belief of its own.
        is_alike: whether the first two have the same answer probabilities on every item, so that mixing is in vain.
    """

    n_models: int
    shared: float
    own: float
    is_alike: bool = False


POPULATIONS = {
    "nothing shared": Population(4, 0.0, 0.3),
    "nothing shared, one other model": Population(3, 0.0, 0.6),
    "a shared belief": Population(4, 0.4, 0.3),
    "alike": Population(4, 0.0, 0.3, is_alike=True),
}
NULLS = ("nothing shared", "nothing shared, one other model")

SETUP = """
    attach ':memory:' as warehouse;
    create schema warehouse.intermediate;
    create schema warehouse.marts;
    create schema warehouse.figures;
    create table warehouse.intermediate.int_item_outcomes as from given;
    create table warehouse.intermediate.int_item_clusters as
        select distinct task, item_id, item_id as cluster_id from given;
    create table warehouse.intermediate.int_pools as select distinct task, model_id, condition_id from given;
    create table warehouse.intermediate.int_pool_pairs as
        select distinct task, 'models' as compared, '0' as model_id, condition_id, '1' as other_model_id,
            condition_id as other_condition_id
        from given;
    create table warehouse.marts.dim_model as
        select distinct model_id, '' as model_family, 1 as param_count, true as is_simulated from given;
    create table warehouse.marts.dim_condition as
        select distinct condition_id, '' as condition_label, '' as prompt_format, '' as reasoning_budget from given
"""

QUESTIONS = """
    select 'agreement', agreement, agreement_ci_low, agreement_ci_high from warehouse.figures.fig_shared_errors
    union all
    select 'excess', excess_over_chance, excess_over_chance_ci_low, excess_over_chance_ci_high
    from warehouse.figures.fig_shared_errors
    union all
    select 'mixed ' || n_votes, mixed_difference, mixed_difference_ci_low, mixed_difference_ci_high
    from warehouse.figures.fig_mixed_ensembles
"""


def draw_probabilities(population: Population, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """(models, experiments, items, options) answer probabilities; option 0 is right."""
    ease = rng.normal(0.5, 1.5, size=shape)
    common = rng.dirichlet(np.ones(N_OPTIONS - 1), size=shape)
    shared = np.eye(N_OPTIONS - 1)[rng.integers(0, N_OPTIONS - 1, size=shape)]
    found = []
    for model in range(population.n_models):
        own = _draws(common, rng)
        wrong = (1 - population.own) * common + population.own * own
        if model < 2:
            wrong = (1 - population.shared) * wrong + population.shared * shared
        right = 1 / (1 + np.exp(-(ease + rng.normal(0.2 * model, 0.5, size=shape))))[..., None]
        found.append(np.concatenate([right, (1 - right) * wrong], axis=-1))
    if population.is_alike:
        found[1] = found[0]
    return np.stack(found)


def _draws(shares: Array, rng: np.random.Generator) -> Array:
    """One option of each row, one-hot, by its shares."""
    places = (rng.random((*shares.shape[:-1], 1)) > shares.cumsum(axis=-1)).sum(axis=-1)
    return np.asarray(np.eye(shares.shape[-1])[np.minimum(places, shares.shape[-1] - 1)])


def estimates(queries: Mapping[str, str], counts: Counts) -> list[tuple[str, float, float | None, float | None]]:
    """What every experiment comes to, through the SQL; counts: (models, experiments, items, options)."""
    given = pa.concat_tables([outcomes(padded(each), str(model)) for model, each in enumerate(counts)])  # noqa: F841
    with duckdb.connect() as con:
        con.execute(SETUP)
        create_models(con, queries, MODELS)
        return con.execute(QUESTIONS).fetchall()


def simulate(
    queries: Mapping[str, str], name: str, size: tuple[int, int], n_experiments: int, seed: int, n_truth: int = N_TRUTH
) -> dict[str, Cell]:
    """Intervals of many experiments, by what is estimated; the truth is what very many items come to."""
    population = POPULATIONS[name]
    rng = np.random.default_rng([seed, *size, list(POPULATIONS).index(name)])
    found: dict[str, list[tuple[float | None, float | None]]] = {}
    at_once = max(1, min(n_experiments, BATCH // size[0]))
    for first in range(0, n_experiments, at_once):
        probs = draw_probabilities(population, (min(at_once, n_experiments - first), size[0]), rng)
        for what, _, low, high in estimates(queries, rng.multinomial(size[1], probs)):
            found.setdefault(what, []).append((low, high))
    truth = truths(queries, name, size[1], n_truth)
    cells = {what: cell_of(truth[what], rows) for what, rows in sorted(found.items())}
    # Its interval is that of incoherence.
    cells["agreement"] = replace(cells["agreement"], outside=WIDE if size[0] < 100 else "")
    return cells


def truths(queries: Mapping[str, str], name: str, n_samples: int, n_items: int, seed: int = 99) -> dict[str, float]:
    """What very many items come to; 0 where it is known to be."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_samples, draw_probabilities(POPULATIONS[name], (1, n_items), rng))
    told = {what: estimate for what, estimate, _, _ in estimates(queries, counts)}
    if name in NULLS:
        told["excess"] = 0.0
    if POPULATIONS[name].is_alike:
        told |= {what: 0.0 for what in told if what.startswith("mixed")}
    return told


def faults(name: str, cell: Cell) -> list[str]:
    """What an interval misses, or more than 2.5 in 100 on a side of what is nothing, by more than chance."""
    found = missed(name, cell)
    worst = max(cell.below, cell.above)
    if cell.n_shown >= ENOUGH_SHOWN and cell.truth == 0 and worst > 0.025 + 2.576 * np.sqrt(0.025 / cell.n_shown):
        found.append(f"{name}: {worst:.3f} of {cell.n_shown} on one side of 0")
    return found


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
