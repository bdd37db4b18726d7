"""A partition's answers from its raw Parquet, as numbers: how far each is from the right one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ingestion.sampling.journal.to_parquet import FILE_STEM
from ingestion.sampling.plans.partitions import Partition
from ingestion.sampling.questions.items import Item
from ingestion.sampling.stopping.interval import Floats, Interval, Ints, pool_interval, settings
from warehouse.layout import Layout

_COLUMNS = ["item_id", "answer_key_id", "context_id", "epoch", "status", "choice_index", "class_probs"]


class Answers:
    """What a partition has, to be looked at up to any epoch.

    Attributes:
        items, contexts, epochs: (samples,) places in the partition, and the epoch.
        misses: (samples, options), see `pool_interval`.
        clusters: (items,) what each place in the partition counts in.
    """

    def __init__(self, items: Ints, contexts: Ints, epochs: Ints, misses: Floats, clusters: Ints) -> None:
        self.items, self.contexts, self.epochs, self.misses, self.clusters = items, contexts, epochs, misses, clusters

    def up_to(self, epoch: int) -> tuple[Ints, Ints, Floats]:
        """Items, contexts and misses of the samples up to an epoch."""
        are_in = self.epochs <= epoch
        return self.items[are_in], self.contexts[are_in], self.misses[are_in]

    def interval(self, epoch: int) -> Interval:
        """The pool's interval from the samples up to an epoch."""
        return pool_interval(*self.up_to(epoch), self.clusters)


def read_answers(partition: Partition, layout: Layout) -> Answers:
    """The planned samples that enter a decomposition, by the rules of dbt's `int_sample_answers`.

    Errors and refusals are left out, and so are items without a right answer; an answer that cannot be parsed is
    uniform.
    """
    path = layout.raw_file("samples", FILE_STEM, partition.key.columns)
    items = {item.item_id: place for place, item in enumerate(partition.task.items)}
    contexts = {context.context_id: place for place, context in enumerate(partition.contexts)}
    n_options = max((len(item.choices or ()) for item in partition.task.items), default=0)
    where, misses = [np.empty((0, 3), dtype=np.int64)], [np.empty((0, n_options))]
    for rows in _rows(path) if path.exists() else ():
        numbers, of_rows = np.zeros((len(rows), 3), dtype=np.int64), np.zeros((len(rows), n_options))
        n = 0
        for row in rows:
            place, context = items.get(row["item_id"]), contexts.get(row["context_id"])
            if place is None or context is None or row["epoch"] > partition.n_epochs:
                continue
            if not _misses(row, partition.task.items[place], of_rows[n]):
                continue
            numbers[n] = place, context, row["epoch"]
            n += 1
        where.append(numbers[:n])
        misses.append(of_rows[:n])
    places = np.concatenate(where)
    clusters = _clusters(partition.task.items, settings()["cluster"])
    return Answers(places[:, 0], places[:, 1], places[:, 2], np.concatenate(misses), clusters)


def _rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Rows that are neither errors nor refusals, a batch at a time."""
    for batch in pq.ParquetFile(path).iter_batches(columns=_COLUMNS):
        yield [row for row in batch.to_pylist() if row["status"] not in ("error", "refused")]


def _misses(row: dict[str, Any], item: Item, into: Floats) -> bool:
    """Write the answer less the right one into a row of zeros; False where the item has no right answer, or another."""
    n, target = len(item.choices or ()), item.target_index
    if target is None or not 0 <= target < n or item.answer_key_id != row["answer_key_id"]:
        return False
    probs, choice = row["class_probs"], row["choice_index"]
    is_parsed = row["status"] != "format_failure"
    if is_parsed and probs is not None and len(probs) == n and min(probs) >= 0 and sum(probs) > 0:
        into[:n] = np.array(probs) / sum(probs)
    elif is_parsed and probs is None and choice is not None and 0 <= choice < n:
        into[choice] = 1
    else:
        into[:n] = 1 / n
    into[target] -= 1
    return True


def _clusters(items: Sequence[Item], by: str) -> Ints:
    """(items,) what each counts in by var `cluster`: itself, or what it has in common with others; as in dbt."""
    if by not in ("none", "subject", "subset"):
        raise ValueError(f"dbt_project.yml: vars.cluster: is {by!r}; write none, subject or subset")
    shared = [None if by == "none" else getattr(item, by) for item in items]
    names = [
        (by, label) if label is not None else ("item", item.item_id) for item, label in zip(items, shared, strict=True)
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)
