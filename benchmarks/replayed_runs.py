"""Real repeated runs, sampled again: pools whose items and answers are those of a warehouse.

Import the runs first (`WAREHOUSE_ROOT=ROOT incoherence import …`), then `python -m benchmarks.adaptive_epochs --replay
ROOT`. Each draw takes items of a pool with replacement, and their answers with the frequencies that the real runs had.
So there are as many epochs as are wanted, and the truth is known: the incoherence of those frequencies. Pools of one
task are an experiment; tasks with one pool are one together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.adaptive_courses import course_of
from benchmarks.adaptive_designs import experiment_of
from benchmarks.populations import Array
from warehouse.layout import Layout
from warehouse.raw import connect_raw

FEWEST_ITEMS, FEWEST_RUNS, N_ITEMS = 30, 3, 200

_ANSWERS = """
    select task, model_id, condition_id, item_id, if(status = 'ok', choice_index, null) as choice, target_index
    from raw.samples inner join
        (select distinct task, item_id, answer_key_id, target_index, n_choices from raw.items) as items
        using (task, item_id, answer_key_id)
    where status not in ('error', 'refused') and class_probs is null and target_index between 0 and n_choices - 1
    order by all
"""


def frequencies(layout: Layout) -> dict[tuple[str, str], Array]:
    """By task and pool: shares of answers (items, options), the right one first and those that are none last."""
    with connect_raw(layout) as con:
        rows = con.execute(_ANSWERS).fetchall()
    answers: dict[tuple[str, str], dict[str, list[int]]] = {}
    for task, model, condition, item, choice, target in rows:
        place = -1 if choice is None else 0 if choice == target else choice + (choice < target)
        answers.setdefault((task, f"{model}, {condition}"), {}).setdefault(item, []).append(place)
    found = {}
    for pool, items in answers.items():
        told = [places for places in items.values() if len(places) >= FEWEST_RUNS]
        if len(told) >= FEWEST_ITEMS:
            n_options = max(max(places) for places in told) + 2
            found[pool] = np.array([np.bincount(np.array(p) % n_options, minlength=n_options) / len(p) for p in told])
    return found


def replay(layout: Layout, n_draws: int, seed: int = 1) -> dict[str, Any]:
    """What stopping at a width comes to in each experiment."""
    there = frequencies(layout)
    tasks = [task for task, _ in there]
    experiments: dict[str, dict[str, Array]] = {}
    for (task, pool), shares in there.items():
        name = task if tasks.count(task) > 1 else "tasks with one pool"
        experiments.setdefault(name, {})[pool if tasks.count(task) > 1 else f"{task}, {pool}"] = shares
    result = {}
    for number, (name, pools) in enumerate(sorted(experiments.items())):
        rng = np.random.default_rng([seed, number])
        courses = {pool: _course(shares, n_draws, rng) for pool, shares in pools.items()}
        result[name] = [_summed(cell) for cell in experiment_of(courses)]
    return {"draws": n_draws, "items": N_ITEMS, "experiments": result}


def _course(shares: Array, n_draws: int, rng: np.random.Generator) -> Any:
    def probabilities(shape: tuple[int, int], rng: np.random.Generator) -> Array:
        return shares[rng.integers(0, len(shares), size=shape)][:, :, None, :]

    variance, error = np.sum(1 - np.sum(shares**2, axis=1)), np.sum(2 * (1 - shares[:, 0]))
    return course_of(probabilities, float(variance / error), N_ITEMS, n_draws, rng)


def _summed(cell: dict[str, Any]) -> dict[str, Any]:
    """An experiment of many pools in a few numbers."""
    pools = list(cell["pools"].values())
    return {
        "wanted_width": cell["wanted_width"],
        "flat_epochs": cell["flat_epochs"],
        "share": cell["share"],
        "n_pools": len(pools),
        "mean_epochs": sorted(round(pool["mean_epochs"], 1) for pool in pools),
        "coverage": float(np.mean([pool["coverage"] for pool in pools if pool["coverage"] is not None])),
        "flat_coverage": float(np.mean([pool["flat_coverage"] for pool in pools if pool["coverage"] is not None])),
        "reached": float(np.mean([pool["reached"] for pool in pools])),
    }


def told_of_replay(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    return [
        f"{name}, {cell['n_pools']} pools: flat {cell['flat_epochs']} epochs (width {cell['wanted_width']:.3f}), share "
        f"{cell['share']:.2f}, coverage {cell['coverage']:.3f} (flat {cell['flat_coverage']:.3f}), "
        f"reached {cell['reached']:.2f}"
        for name, cells in result["experiments"].items()
        for cell in cells
    ]
