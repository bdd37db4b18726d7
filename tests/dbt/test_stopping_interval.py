"""The interval that sampling looks at between two epochs is the one that the warehouse publishes."""

from __future__ import annotations

import numpy as np

from ingestion.sampling.stopping.interval import pool_interval
from tests.dbt.conftest import Built, agree
from tests.oracles.answers import ItemAnswers


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


def test_it_is_the_published_one(built: Built) -> None:
    pools: dict[tuple[str, str, str], list[ItemAnswers]] = {}
    for (*pool, _), answers in built.answers.items():
        if len(answers.probs):
            pools.setdefault(tuple(pool), []).append(answers)
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
