"""From raw rows to arrays of probabilities: which sample counts, and what it says, by the rules of the warehouse."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.oracles.decompositions import Array

Row = dict[str, Any]
ItemKey = tuple[str, str, str, str]
"""(task, model_id, condition_id, item_id)"""


@dataclass(eq=False)
class ItemAnswers:
    """The samples of one item that enter its decomposition.

    Attributes:
        target: right class.
        probs: (S, C) probabilities.
        predicted: class per sample; None for a format failure.
        samples: the raw rows, in the same order.
        n_errors: samples left out because of an error.
        n_refused: samples left out because of a refusal.
        n_renormalised: samples whose probabilities were divided by their sum.
    """

    target: int
    probs: Array
    predicted: list[int | None]
    samples: list[Row]
    n_errors: int
    n_refused: int
    n_renormalised: int

    @property
    def accuracy(self) -> float:
        return float(np.mean([choice == self.target for choice in self.predicted]))

    def mean_length(self, column: str) -> float | None:
        reported = [sample[column] for sample in self.samples if sample[column] is not None]
        return float(np.mean(reported)) if reported else None

    def part(self, keep: list[bool]) -> ItemAnswers:
        """Only the samples where `keep` is true."""
        chosen = [index for index, kept in enumerate(keep) if kept]
        return ItemAnswers(
            self.target,
            self.probs[chosen],
            [self.predicted[index] for index in chosen],
            [self.samples[index] for index in chosen],
            0,
            0,
            0,
        )


def latest(rows: list[Row], key: tuple[str, ...]) -> list[Row]:
    """Of rows with one key, that of the last import: here import ids are in order, and the clock is not."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        identity = tuple(row[column] for column in key)
        if identity not in newest or row["import_id"] > newest[identity]["import_id"]:
            newest[identity] = row
    return list(newest.values())


def answers_by_item(items: list[Row], samples: list[Row]) -> dict[ItemKey, ItemAnswers]:
    """Every choice item's answers; items without a sample that enters are there with an empty `probs`."""
    current = latest(items, ("task", "item_id", "answer_key_id"))
    answer_keys = defaultdict(set)
    for item in current:
        answer_keys[item["task"], item["item_id"]].add(item["answer_key_id"])
    by_answer_key = {(item["task"], item["item_id"], item["answer_key_id"]): item for item in current}
    grouped: dict[ItemKey, list[Row]] = defaultdict(list)
    of_item: dict[ItemKey, Row] = {}
    for sample in latest(samples, ("sample_id",)):
        item = by_answer_key[sample["task"], sample["item_id"], sample["answer_key_id"]]
        if item["n_choices"] is None:
            continue
        unambiguous = len(answer_keys[item["task"], item["item_id"]]) == 1
        item_id = item["item_id"] if unambiguous else f"{item['item_id']}#{item['answer_key_id'][:6]}"
        key = (sample["task"], sample["model_id"], sample["condition_id"], item_id)
        grouped[key].append(sample)
        of_item[key] = item
    return {key: _item_answers(of_item[key], rows) for key, rows in grouped.items()}


def _item_answers(item: Row, samples: list[Row]) -> ItemAnswers:
    n_classes = item["n_choices"]
    entering, probs, predicted, n_renormalised = [], [], [], 0
    for sample in samples:
        if sample["status"] in ("error", "refused"):
            continue
        entering.append(sample)
        stated, choice = sample["class_probs"], sample["choice_index"]
        if sample["status"] == "format_failure":
            stated = choice = None
        if stated is not None and (len(stated) != n_classes or min(stated) < 0 or sum(stated) == 0):
            stated = None
        if stated is not None:
            total = float(np.sum(stated))
            n_renormalised += abs(total - 1) > 1e-9
            probs.append(np.array(stated) / total)
            predicted.append(int(np.argmax(stated)))
        elif choice is not None:
            probs.append(np.eye(n_classes)[choice])
            predicted.append(choice)
        else:
            probs.append(np.full(n_classes, 1 / n_classes))
            predicted.append(None)
    return ItemAnswers(
        target=item["target_index"],
        probs=np.array(probs).reshape(len(probs), n_classes),
        predicted=predicted,
        samples=entering,
        n_errors=sum(sample["status"] == "error" for sample in samples),
        n_refused=sum(sample["status"] == "refused" for sample in samples),
        n_renormalised=n_renormalised,
    )
