"""The interval that sampling looks at between two epochs is the one that the warehouse publishes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingestion.sampling.stopping.interval import pool_interval
from tests.dbt.conftest import Built, agree
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import Unit, choice_unit, estimate


def _arrays(pool: list[ItemAnswers]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_options = max(answers.probs.shape[1] for answers in pool)
    items, contexts, misses = [], [], []
    names = sorted({sample["context_id"] for answers in pool for sample in answers.samples})
    for number, answers in enumerate(pool):
        wanted = np.eye(answers.probs.shape[1])[answers.target]
        for sample, probs in zip(answers.samples, answers.probs, strict=True):
            items.append(number)
            contexts.append(names.index(sample["context_id"]))
            misses.append(np.pad(probs - wanted, (0, n_options - len(wanted))))
    return np.array(items), np.array(contexts), np.array(misses)


def _pools(built: Built) -> dict[tuple[str, str, str], list[ItemAnswers]]:
    pools: dict[tuple[str, str, str], list[ItemAnswers]] = {}
    for (task, model_id, condition_id, _), answers in built.answers.items():
        if len(answers.probs):
            pools.setdefault((task, model_id, condition_id), []).append(answers)
    return pools


def test_it_is_the_published_one(built: Built) -> None:
    pools = _pools(built)
    notes, n_contexts = set(), set()
    for row in built.rows("marts.fct_incoherence", "decomposition = 'brier'"):
        arrays = _arrays(pools[row["task"], row["model_id"], row["condition_id"]])
        found = pool_interval(*arrays)
        assert agree(found.ratio, row["incoherence_unbiased"])
        assert agree(found.low, row["incoherence_unbiased_ci_low"]), row
        assert agree(found.high, row["incoherence_unbiased_ci_high"]), row
        assert row["interval_note"] in (found.note, "one_sample_per_item"), row
        notes.add(found.note)
        n_contexts.add(min(len(np.unique(arrays[1])), 3))
    assert None in notes and n_contexts >= {1, 3}


def test_items_of_a_cluster_count_as_one(built: Built) -> None:
    notes, n_contexts = set(), set()
    for pool in _pools(built).values():
        arrays, clusters = _arrays(pool), np.arange(len(pool)) // 3
        found = pool_interval(*arrays, clusters)
        units = [choice_unit(answers, "brier") for answers in pool]
        of_clusters = (units[first : first + 3] for first in range(0, len(units), 3))
        expected = estimate(
            [_together(told) for some in of_clusters if (told := [u for u in some if u.variance is not None])]
        )
        assert agree(found.ratio, expected.ratio)
        assert agree(found.low, expected.low) and agree(found.high, expected.high)
        assert expected.note in (found.note, "one_sample_per_item")
        notes.add(found.note)
        n_contexts.add(min(len(np.unique(arrays[1])), 3))
    assert None in notes and n_contexts >= {1, 3}


def _together(units: Sequence[Unit]) -> Unit:
    """What the items of a cluster bring."""
    shifts: dict[str, tuple[float, float]] = {}
    for name in {name for unit in units for name in unit.shifts}:
        of_items = [unit.shifts.get(name, (0.0, 0.0)) for unit in units]
        shifts[name] = sum(error for error, _ in of_items), sum(variance for _, variance in of_items)
    variance = sum(unit.variance for unit in units if unit.variance is not None)
    return Unit(sum(unit.error for unit in units), variance, sum(unit.share for unit in units), None, shifts)
