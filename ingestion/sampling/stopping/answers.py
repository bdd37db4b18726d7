"""A partition's answers from its raw Parquet, as numbers: how far each is from the right one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.sampling.journal.to_parquet import FILE_STEM
from ingestion.sampling.plans.partitions import Partition
from ingestion.sampling.stopping.interval import Floats, Ints
from warehouse.layout import Layout

_COLUMNS = ["item_id", "answer_key_id", "context_id", "epoch", "status", "choice_index", "class_probs"]


class Answers:
    """What a partition has, to be looked at up to any epoch.

    Attributes:
        items, contexts, epochs: (samples,) places in the partition, and the epoch.
        misses: (samples, options), see `pool_interval`.
    """

    def __init__(self, items: Ints, contexts: Ints, epochs: Ints, misses: Floats) -> None:
        self.items, self.contexts, self.epochs, self.misses = items, contexts, epochs, misses

    def up_to(self, epoch: int) -> tuple[Ints, Ints, Floats]:
        """Items, contexts and misses of the samples up to an epoch."""
        are_in = self.epochs <= epoch
        return self.items[are_in], self.contexts[are_in], self.misses[are_in]


def read_answers(partition: Partition, layout: Layout) -> Answers:
    """The planned samples that enter a decomposition, by the rules of dbt's `int_sample_answers`.

    Errors and refusals are left out, an answer that cannot be parsed is uniform; so are items without a right answer.
    """
    path = layout.raw_file("samples", FILE_STEM, partition.key.columns)
    items = {item.item_id: place for place, item in enumerate(partition.task.items)}
    contexts = {context.context_id: place for place, context in enumerate(partition.contexts)}
    n_options = max((len(item.choices or ()) for item in partition.task.items), default=0)
    where: list[tuple[int, int, int]] = []
    misses: list[Floats] = []
    for row in _rows(path) if path.exists() else ():
        place, context = items.get(row["item_id"]), contexts.get(row["context_id"])
        if place is None or context is None or row["epoch"] > partition.n_epochs:
            continue
        item = partition.task.items[place]
        n = len(item.choices or ())
        if item.target_index is None or not 0 <= item.target_index < n or item.answer_key_id != row["answer_key_id"]:
            continue
        miss = np.zeros(n_options)
        miss[:n] = _stated(row, n)
        miss[item.target_index] -= 1
        where.append((place, context, row["epoch"]))
        misses.append(miss)
    numbers = np.array(where, dtype=np.int64).reshape(-1, 3)
    misses_of = np.array(misses, dtype=np.float64).reshape(-1, n_options)
    return Answers(numbers[:, 0], numbers[:, 1], numbers[:, 2], misses_of)


def _rows(path: Any) -> list[dict[str, Any]]:
    table = pq.ParquetFile(path).read(columns=_COLUMNS)
    left_out = pc.is_in(table["status"], value_set=pc.cast(["error", "refused"], table.schema.field("status").type))
    rows: list[dict[str, Any]] = table.filter(pc.invert(left_out)).to_pylist()
    return rows


def _stated(row: dict[str, Any], n: int) -> Floats:
    probs, choice = row["class_probs"], row["choice_index"]
    if row["status"] != "format_failure":
        if probs is not None and len(probs) == n and min(probs) >= 0 and sum(probs) > 0:
            stated: Floats = np.array(probs) / sum(probs)
            return stated
        if probs is None and choice is not None and 0 <= choice < n:
            chosen: Floats = np.eye(n)[choice]
            return chosen
    return np.full(n, 1 / n)
