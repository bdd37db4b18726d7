"""Stopping at a width keeps coverage and saves samples: a few hundred draws of what the benchmark simulates."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.adaptive_courses import LEAST, MOST, draw_course, intervals
from benchmarks.adaptive_designs import compare, follow, item_by_item, verdicts
from benchmarks.adaptive_epochs import EXPERIMENTS, RESULT
from benchmarks.populations import draw_items
from ingestion.sampling.spec.epochs import EpochsUntil
from ingestion.sampling.stopping.interval import pool_interval
from ingestion.sampling.stopping.rule import FLOOR, State, judge, schedule

EPOCHS = (5, 12)
RULE = EpochsUntil.model_validate({"from": 4, "to": 12, "until": {"width": 0.1}})


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("n_contexts", [1, 5])
def test_what_is_simulated_is_what_sampling_looks_at(n_contexts: int, size: int) -> None:
    rng = np.random.default_rng(4)
    probs = draw_items("typical", (3, 40), rng).probs[:, :, None, :].repeat(n_contexts, axis=2)
    counts = rng.multinomial(5 if n_contexts == 1 else 2, probs).astype(float)
    clusters = None if size == 1 else np.arange(40) // size
    for at_least in (True, False):
        many = np.array(intervals(counts, 3.0, at_least=at_least, clusters=clusters)).T
        for draw, (ratio, low, high, then, wrong, p_half) in zip(counts, many, strict=True):
            where = np.argwhere(draw > 0)
            times = draw[draw > 0].astype(int)
            items, contexts, options = np.repeat(where, times, axis=0).T
            found = pool_interval(items, contexts, np.eye(4)[options] - np.eye(4)[0], clusters)
            expected = (ratio, low, high, then, wrong, p_half)
            looked_at = (
                found.ratio,
                found.low,
                found.high,
                found.width_at(3.0, at_least=at_least),
                found.wrong_items,
                found.p_half,
            )
            assert looked_at == pytest.approx(expected, abs=1e-9)
            state = judge(found, 4, RULE).state
            assert (state is State.REACHED) == (high - low <= 0.1 and wrong >= 10)


def test_coverage_is_kept_and_samples_are_saved() -> None:
    pools = {name: draw_course(name, 60, 200, 5, EPOCHS) for name in EXPERIMENTS["typical, hard and chance"]}
    wanted = float(np.nanmean(pools["typical"].width[-1])) + 1e-9
    told = compare(pools, wanted)
    assert told["flat_epochs"] == 12 and told["share"] < 0.75
    for pool in told["pools"].values():
        assert pool["coverage"] > 0.91  # 0.93 less a standard error
    stops = follow(pools["typical"], wanted)
    assert set(np.array(pools["typical"].epochs)[stops.at]) <= set(schedule(*EPOCHS))


def test_stopping_item_by_item_would_be_wrong() -> None:
    assert item_by_item("typical", 200, 100, 5)["bias_in_standard_errors"] < -1


def test_verdicts_are_seldom_found_by_chance() -> None:
    told = verdicts(draw_course("chance", 60, 200, 6, EPOCHS))
    assert told["decided_wrongly"] <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5


def test_recorded_coverage_holds() -> None:
    recorded = json.loads(RESULT.read_text())
    for told in recorded["verdicts"].values():
        assert told["decided_wrongly"] <= 0.05 and told["coverage"] >= 0.93
    assert recorded["draws"] >= 1_000
    for name, cells in recorded["experiments"].items():
        for cell in cells:
            assert all(pool["coverage"] >= 0.93 for pool in cell["pools"].values()), (name, cell)
        if name.startswith("typical, hard and chance"):
            shares = [cell["share"] for cell in cells]
            assert all(later < earlier for earlier, later in pairwise(shares)) and shares[2] <= 0.6
    for name, told in recorded["populations"].items():
        if not name.startswith("families, ") or "as clusters" in name:  # relatives need var `cluster`, stopped or not
            assert told["coverage"] >= 0.93, name
    for pool, floor in FLOOR.items():
        assert recorded["floor"][f"{pool}, 200 items"] == pytest.approx(floor, abs=0.03)
    assert (LEAST, MOST) == (5, 30)
