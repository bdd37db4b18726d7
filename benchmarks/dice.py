"""Items whose answers are dice: a population whose moments are known in closed form, and samples of it as raw tables.

Each item has class probabilities from a Dirichlet distribution, and its answers are drawn by them. A replication of the
experiment is a pool (a condition in the warehouse).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.schemas import SAMPLES

ALPHA = np.array([1.2, 0.8, 0.5, 0.5])
"""Dirichlet parameters of the population; the first class is right."""


def true_incoherence(n_samples: int | None = None) -> float:
    """Brier Σ variance / Σ error of the population; with `n_samples`, what the plug-in estimate of so many is aimed at.

    For one-hot samples E variance = 1 − E Σ p² and E error = 2 (1 − E p_y), with the Dirichlet's moments.
    """
    total = ALPHA.sum()
    variance = 1 - np.sum(ALPHA * (ALPHA + 1)) / (total * (total + 1))
    error = 2 * (1 - ALPHA[0] / total)
    shrinkage = 1.0 if n_samples is None else (n_samples - 1) / n_samples
    return float(shrinkage * variance / error)


def draw_choices(rng: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """(pools, items, samples) chosen classes."""
    cumulated = np.cumsum(rng.dirichlet(ALPHA, size=shape[:2]), axis=-1)
    return (rng.random(shape)[..., None] > cumulated[:, :, None, :]).sum(axis=-1).clip(max=len(ALPHA) - 1)


def write_choices(layout: Layout, choices: NDArray[np.int64], name: str = "pool", **columns: NDArray[np.int64]) -> None:
    """Write (pools, items, samples) chosen classes as samples and items of the task `dice`.

    Args:
        layout: the warehouse.
        choices: from `draw_choices`.
        name: of the pools, which are the conditions `<name> 0`, `<name> 1`, …
        columns: further columns of the samples, in the order of `choices.ravel()`.
    """
    shared = {
        "task": "dice",
        "answer_key_id": "key",
        "source": "table",
        "ingested_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    model = {"model_id": "dice", "context_id": "none", "run_status": "success", "status": "ok"}
    pool, item, sample = (axis.ravel() for axis in np.indices(choices.shape))
    values: dict[str, Any] = {
        **{constant: [value] * choices.size for constant, value in (shared | model).items()},
        "sample_id": [f"{name} {index:09d}" for index in range(choices.size)],
        "condition_id": [f"{name} {number}" for number in pool],
        "item_id": [f"i{number}" for number in item],
        "epoch": sample + 1,
        "choice_index": choices.ravel(),
        **columns,
    }
    arrays = [pa.array(values.get(field.name, [None] * choices.size), field.type) for field in SAMPLES.schema]
    table = pa.Table.from_arrays(arrays, schema=SAMPLES.schema)
    partition = {"task": "dice", "model_id": "dice", "condition_id": name}
    write_partition(layout, "samples", table, file_stem="dice", partition=partition)
    items = [
        {**shared, "item_id": f"i{number}", "target_index": 0, "n_choices": len(ALPHA)}
        for number in range(choices.shape[1])
    ]
    write_partition(layout, "items", items, file_stem="dice", partition={"task": "dice"})
