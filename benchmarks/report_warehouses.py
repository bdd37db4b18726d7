"""Warehouses of made-up answers in any number of pools, built by the product, for the report to be measured on.

The answers are dice and say nothing about any model; all models are marked as simulated.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.publish import publish
from warehouse.schemas import SAMPLES
from warehouse.transform import build

N_OPTIONS = 4
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARED: dict[str, Any] = {"source": "table", "import_id": "import-1", "ingested_at": NOW}
TASKS = ("arithmetic", "chemistry", "safety_cases")
BUDGETS = ("low", "medium", "high", "maximal")
FAMILIES = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "willow")


@dataclass(frozen=True)
class Size:
    """How many of each there are; every combination is a pool."""

    tasks: int
    models: int
    budgets: int
    items: int = 40
    contexts: int = 4
    samples: int = 3

    @property
    def pools(self) -> int:
        """Tasks × models × budgets."""
        return self.tasks * self.models * self.budgets


SIZES = {1: Size(1, 1, 1), 8: Size(1, 4, 2), 50: Size(1, 50, 1), 144: Size(3, 12, 4)}
"""By their number of pools."""


def write_warehouse(layout: Layout, size: Size, seed: int = 1) -> None:
    """Write raw tables of `size`, then build and publish."""
    write_raw(layout, size, seed)
    build(layout)
    publish(layout)


def write_raw(layout: Layout, size: Size, seed: int = 1) -> None:
    """Write raw tables of `size`."""
    rng = np.random.default_rng(seed)
    models, budgets = _models(size.models), BUDGETS[: size.budgets]
    for name, rows in (
        ("imports", [_import_row()]),
        ("models", list(models.values())),
        ("conditions", [_condition(budget) for budget in budgets]),
    ):
        write_partition(layout, name, rows, file_stem="made")
    for task in TASKS[: size.tasks]:
        items = [_item(task, number, size) for number in range(size.items)]
        write_partition(layout, "items", items, file_stem="made", partition={"task": task})
        for place, model_id in enumerate(models):
            skill = 0.15 + 0.7 * ((place * 7) % size.models + 1) / (size.models + 1)
            for rank, budget in enumerate(budgets):
                key = {"task": task, "model_id": model_id, "condition_id": budget}
                table = _samples(rng, key, size, min(0.95, skill + 0.04 * rank))
                write_partition(layout, "samples", table, file_stem="made", partition=key)


def _models(number: int) -> dict[str, dict[str, Any]]:
    """Families of equal numbers of sizes, at least four where there are so many."""
    families = FAMILIES[: max(1, min(len(FAMILIES), number // 4))]
    rows = {}
    for place in range(number):
        family, size = families[place % len(families)], place // len(families)
        model_id = f"made/{family}-{3**size}b"
        rows[model_id] = {
            **SHARED,
            "model_id": model_id,
            "model_family": family,
            "model_type": "thinking",
            "param_count": 3**size * 1_000_000_000,
            "is_simulated": True,
        }
    return rows


def _condition(budget: str) -> dict[str, Any]:
    return {
        **SHARED,
        "condition_id": budget,
        "condition_label": f"choice · effort {budget} · T 1.0",
        "prompt_format": "choice",
        "reasoning_budget": budget,
        "temperature": 1.0,
        "settings": json.dumps({"prompt_format": "choice", "reasoning": budget, "temperature": 1.0}),
    }


def _item(task: str, number: int, size: Size) -> dict[str, Any]:
    return {
        **SHARED,
        "task": task,
        "item_id": f"q{number:03d}",
        "answer_key_id": "key",
        "subject": ("numbers", "words")[number % 2],
        "human_difficulty": ("easy", "medium", "hard")[3 * number // size.items],
        "question": f"A question of {task}, number {number}",
        "choices": [f"option {option}" for option in range(N_OPTIONS)],
        "target_index": 0,
        "target_text": "option 0",
        "n_choices": N_OPTIONS,
    }


def _samples(rng: np.random.Generator, key: dict[str, str], size: Size, skill: float) -> pa.Table:
    """Answers of one pool: the later an item the longer, the harder and the more scattered."""
    shape = (size.items, size.contexts, size.samples)
    hardness = np.arange(size.items) / size.items
    habit = rng.dirichlet(np.full(N_OPTIONS, 0.5), size=size.items)
    right = np.eye(N_OPTIONS)[0]
    sure = (skill * (1 - 0.6 * hardness))[:, None]
    chances = np.cumsum(sure * right + (1 - sure) * habit, axis=1)
    chosen = (rng.random(shape)[..., None] > chances[:, None, None, :]).sum(axis=-1).clip(max=N_OPTIONS - 1)
    tokens = np.exp(4 + 2 * hardness[:, None, None] + 0.4 * rng.standard_normal(shape)).astype(int)
    failed = rng.random(shape) < 0.01
    item, context, sample = (axis.ravel() for axis in np.indices(shape))
    name = "/".join(key.values())
    values: dict[str, Any] = {
        **{constant: [value] * chosen.size for constant, value in {**SHARED, **key}.items()},
        "answer_key_id": ["key"] * chosen.size,
        "run_status": ["success"] * chosen.size,
        "sample_id": [hashlib.sha256(f"{name} {number}".encode()).hexdigest()[:32] for number in range(chosen.size)],
        "item_id": [f"q{number:03d}" for number in item],
        "context_id": [f"context {number}" for number in context],
        "epoch": sample + 1,
        "status": np.where(failed, "format_failure", "ok").ravel(),
        "choice_index": [
            None if fault else int(choice) for choice, fault in zip(chosen.ravel(), failed.ravel(), strict=True)
        ],
        "output_tokens": tokens.ravel() + 5,
        "reasoning_tokens": tokens.ravel(),
        "reasoning": [("Wait, " if number % 5 < 2 else "So, ") * (1 + number % 3) for number in tokens.ravel()],
        "completion": [f"Answer: {'ABCD'[choice]}" for choice in chosen.ravel()],
        "created_at": [NOW] * chosen.size,
    }
    arrays = [pa.array(values.get(field.name, [None] * chosen.size), field.type) for field in SAMPLES.schema]
    return pa.Table.from_arrays(arrays, schema=SAMPLES.schema)


def _import_row() -> dict[str, Any]:
    return {
        "import_id": "import-1",
        "file_name": "made.jsonl",
        "file_sha256": "0" * 64,
        "file_bytes": 1,
        "source": "table",
        "reader_version": 1,
        "run_status": "success",
        "n_samples": 0,
        "n_quarantined": 0,
        "import_number": 1,
        "ingested_at": NOW,
    }
