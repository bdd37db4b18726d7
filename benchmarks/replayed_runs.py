"""Repeated runs, sampled again: every pool's epochs in random orders, stopped by the rule, beside flat designs.

Import the runs first (`WAREHOUSE_ROOT=ROOT incoherence import …`), then `python -m benchmarks.adaptive_epochs --replay
ROOT`. A replay has no more samples than there are; the estimate from all of them stands for the truth, which it is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.sampling.stopping.interval import Floats, Interval, Ints, pool_interval
from ingestion.sampling.stopping.rule import State, judge, schedule
from warehouse.layout import Layout
from warehouse.raw import connect_raw

LEAST, FEWEST_ITEMS = 3, 30

_ANSWERS = """
    select task, model_id, condition_id, item_id, status, choice_index, target_index, n_choices
    from raw.samples inner join
        (select distinct task, item_id, answer_key_id, target_index, n_choices from raw.items) as items
        using (task, item_id, answer_key_id)
    where status not in ('error', 'refused') and class_probs is null and target_index between 0 and n_choices - 1
    order by all
"""


def pools(layout: Layout) -> dict[str, Floats]:
    """Misses of every pool with letters, (items, runs, options); items with fewer runs than most are left out."""
    with connect_raw(layout) as con:
        rows = con.execute(_ANSWERS).fetchall()
    by_pool: dict[str, dict[str, list[Any]]] = {}
    for task, model, condition, item, *answer in rows:
        by_pool.setdefault(f"{task}, {model}, {condition}", {}).setdefault(item, []).append(answer)
    found = {}
    for name, items in by_pool.items():
        n_runs = int(np.median([len(answers) for answers in items.values()]))
        whole = [answers[:n_runs] for answers in items.values() if len(answers) >= n_runs]
        if n_runs > LEAST and len(whole) >= FEWEST_ITEMS:
            n_options = max(answer[3] for answers in whole for answer in answers)
            found[name] = np.array([[_miss(*answer, n_options) for answer in answers] for answers in whole])
    return found


def _miss(status: str, choice: int | None, target: int, n: int, n_options: int) -> Floats:
    miss = np.zeros(n_options)
    if status != "format_failure" and choice is not None and 0 <= choice < n:
        miss[choice] = 1
    else:
        miss[:n] = 1 / n
    miss[target] -= 1
    return miss


def replay(layout: Layout, n_draws: int, seed: int = 1) -> dict[str, Any]:
    """Pools with equally many runs are an experiment; wanted are widths that a part of them, or all, can reach."""
    there = pools(layout)
    result = {}
    for n_runs in sorted({misses.shape[1] for misses in there.values()}):
        chosen = {name: misses for name, misses in there.items() if misses.shape[1] == n_runs}
        result[f"{n_runs} runs"] = _experiment(chosen, n_runs, n_draws, np.random.default_rng([seed, n_runs]))
    return result


def _experiment(chosen: dict[str, Floats], n_runs: int, n_draws: int, rng: np.random.Generator) -> dict[str, Any]:
    full = {name: _interval(misses) for name, misses in chosen.items()}
    shown = {name: interval for name, interval in full.items() if interval.width is not None}
    widths = sorted(interval.width or 0.0 for interval in shown.values())
    cells = []
    for wanted in sorted({round(width * 1.02, 4) for width in np.quantile(widths, (0.25, 0.5, 0.75, 1.0))}):
        able = {name: chosen[name] for name, interval in shown.items() if (interval.width or 1.0) <= wanted}
        courses = {name: [_course(misses, n_runs, rng) for _ in range(n_draws)] for name, misses in able.items()}
        cells.append({"wanted_width": wanted, "n_pools": len(able)} | _compare(courses, full, wanted, n_runs))
    return {"n_pools": len(chosen), "n_with_interval": len(shown), "widths": cells}


def _compare(
    courses: dict[str, list[dict[int, Interval]]], full: dict[str, Interval], wanted: float, n_runs: int
) -> dict[str, Any]:
    flat = next(
        epochs
        for epochs in range(LEAST, n_runs + 1)
        if all(_mean_width(course, epochs) <= wanted for course in courses.values())
    )
    used, held = [], []
    for name, draws in courses.items():
        for course in draws:
            looks = [judge(course[epochs], epochs, n_runs, wanted) for epochs in schedule(LEAST, n_runs)]
            last = next(look for look in looks if look.state is not State.GO_ON)
            used.append(last.n_epochs)
            low, high, ratio = last.interval.low, last.interval.high, full[name].ratio or 0.0
            held.append(low is not None and high is not None and low <= ratio <= high)
    mean = float(np.mean(used))
    return {"flat_epochs": flat, "mean_epochs": mean, "share": mean / flat, "holds_full_estimate": float(np.mean(held))}


def _mean_width(course: list[dict[int, Interval]], epochs: int) -> float:
    return float(np.mean([draw[epochs].width or 1.0 for draw in course]))


def _course(misses: Floats, n_runs: int, rng: np.random.Generator) -> dict[int, Interval]:
    order: NDArray[np.int64] = rng.permuted(np.tile(np.arange(n_runs), (len(misses), 1)), axis=1)
    shuffled = np.take_along_axis(misses, order[..., None], axis=1)
    return {epochs: _interval(shuffled[:, :epochs]) for epochs in range(LEAST, n_runs + 1)}


def _interval(misses: Floats) -> Interval:
    n_items, n_runs, n_options = misses.shape
    items: Ints = np.repeat(np.arange(n_items), n_runs)
    return pool_interval(items, np.zeros(len(items), dtype=np.int64), misses.reshape(-1, n_options))
