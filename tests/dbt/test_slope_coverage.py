"""Intervals of slopes hold the truth, through the warehouse's SQL; in full: benchmarks/slope_coverage.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import overthinking_null, slope_contexts
from benchmarks.slope_coverage import RESULT, Cell, faults, simulate
from benchmarks.slope_population import N_OPTIONS, draw
from tests.oracles.decompositions import brier, brier_unbiased, kl, kl_unbiased


@pytest.mark.parametrize("slope", [0.0, 0.56])
def test_few_replications_hold_the_slope(slope: float) -> None:
    found = simulate("brier", (60, 10), slope, 250, seed=1, n_models=2)
    for cell in found.values():
        slack = 3 * np.sqrt(0.95 * 0.05 / cell.n)
        assert cell.n_shown == cell.n and 0.93 - slack <= cell.coverage <= 0.98
        if slope == 0:
            assert max(cell.above, cell.below) <= 0.025 + 3 * np.sqrt(0.025 / cell.n)
        else:
            assert abs(cell.mean - slope) < 0.15 and cell.below <= 0.01
    if slope:
        assert found["all models"].above > found["one model"].above > 0.1


@pytest.mark.parametrize("metric", ["kl", "brier"])
def test_the_population_is_decomposed_as_everywhere(metric: str) -> None:
    """The same seed gives the same letters, once as the simulation sees them and once for the oracle."""
    n_samples = 6
    draws = draw(metric, 0.3, (1, 1, 40), n_samples, np.random.default_rng(4))
    decompose, corrected = {"kl": (kl, kl_unbiased), "brier": (brier, brier_unbiased)}[metric]
    seen = set()
    for counts in compositions(n_samples, N_OPTIONS):
        probs = np.repeat(np.eye(N_OPTIONS), counts, axis=0)
        variance = corrected(probs, 0)[1]
        assert variance is not None
        seen.add((round(decompose(probs, 0).error, 8), round(variance, 8)))
    assert {
        (round(e, 8), round(v, 8)) for e, v in zip(draws.error.ravel(), draws.variance.ravel(), strict=True)
    } <= seen


def compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    if parts == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in compositions(total - first, parts - 1)]


def test_the_recorded_result_keeps_its_bounds() -> None:
    recorded = {name: Cell(**numbers) for name, numbers in json.loads(RESULT.read_text()).items()}
    assert len(recorded) == 2 * 4 * 3 * 2
    assert not [fault for name, cell in recorded.items() for fault in faults(name, cell)]


def test_recorded_slopes_over_shared_contexts_hold_by_the_two_way_interval() -> None:
    recorded = json.loads(slope_contexts.RESULT.read_text())
    assert set(recorded) == {f"{kind}, {n}x{s}" for kind in slope_contexts.KINDS for n, s in slope_contexts.SIZES}
    for name, shares in recorded.items():
        assert shares["two-way"] + 2.576 * np.sqrt(0.95 * 0.05 / shares["n"]) >= 0.93, name
    # What the second way is for.
    assert min(shares["items alone"] for shares in recorded.values()) < 0.9


def test_recorded_overthinking_is_not_found_where_there_is_none() -> None:
    recorded = {
        name: overthinking_null.Cell(**cell) for name, cell in json.loads(overthinking_null.RESULT.read_text()).items()
    }
    assert len(recorded) == 2 * len(overthinking_null.CELLS)
    assert not [fault for name, cell in recorded.items() for fault in overthinking_null.faults(name, cell)]
