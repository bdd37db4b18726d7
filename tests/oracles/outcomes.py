"""From raw rows to arrays of graded outcomes: unit tests and scores, by the rules of the warehouse."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from tests.oracles.answers import ItemKey, Row, latest
from tests.oracles.decompositions import Array

LEFT_OUT = ("error", "refused")


def by_item(samples: list[Row], outcomes: dict[str, list[float]]) -> dict[ItemKey, Array]:
    """(S, T) outcomes per item from those per sample."""
    rows: dict[ItemKey, list[list[float]]] = defaultdict(list)
    for sample in latest(samples, ("sample_id",)):
        if sample["sample_id"] in outcomes:
            key = sample["task"], sample["model_id"], sample["condition_id"], sample["item_id"]
            rows[key].append(outcomes[sample["sample_id"]])
    return {key: np.array(values) for key, values in rows.items()}


def contexts_by_item(samples: list[Row], outcomes: dict[str, list[float]]) -> dict[ItemKey, list[str]]:
    """The context of each sample, in the order of `by_item`."""
    rows: dict[ItemKey, list[str]] = defaultdict(list)
    for sample in latest(samples, ("sample_id",)):
        if sample["sample_id"] in outcomes:
            key = sample["task"], sample["model_id"], sample["condition_id"], sample["item_id"]
            rows[key].append(sample["context_id"])
    return rows


def unit_tests_by_sample(samples: list[Row], outcomes: list[Row]) -> dict[str, list[float]]:
    """Passes of each sample that was tested, or that ended in nothing usable on an item with tests."""
    entering = [sample for sample in latest(samples, ("sample_id",)) if sample["status"] not in LEFT_OUT]
    reported: dict[str, dict[str, bool]] = defaultdict(dict)
    tests: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    by_id = {sample["sample_id"]: sample for sample in entering}
    for outcome in outcomes:
        sample = by_id.get(outcome["sample_id"])
        if sample is not None and sample["import_id"] == outcome["import_id"]:
            reported[sample["sample_id"]][outcome["test_name"]] = outcome["passed"]
            tests[sample["task"], sample["item_id"]][outcome["test_name"]] = outcome["kind"]
    rows: dict[str, list[float]] = {}
    for sample in entering:
        kinds = tests.get((sample["task"], sample["item_id"]))
        ran = reported.get(sample["sample_id"])
        if kinds is None or (ran is None and sample["status"] == "ok"):
            continue
        if sample["status"] == "limit" or ran is None:
            passed = [kind == "pass_to_pass" for kind in kinds.values()]
        else:
            passed = [ran.get(name, False) for name in kinds]
        rows[sample["sample_id"]] = [float(value) for value in passed]
    return rows


def scores_by_sample(items: list[Row], samples: list[Row], outcomes: list[Row]) -> dict[str, list[float]]:
    """The score of each sample of an item without options, as the only outcome of a row."""
    open_items = {(item["task"], item["item_id"]) for item in items if item["n_choices"] is None}
    by_id = {sample["sample_id"]: sample for sample in samples}
    tested = {(by_id[row["sample_id"]]["task"], by_id[row["sample_id"]]["item_id"]) for row in outcomes}
    rows: dict[str, list[float]] = {}
    for sample in latest(samples, ("sample_id",)):
        item = (sample["task"], sample["item_id"])
        if item not in open_items or sample["status"] in LEFT_OUT:
            continue
        score = sample["score"]
        if sample["status"] == "limit" and item in tested:
            score = 0.0
        if score is None and sample["status"] != "ok":
            score = 0.0
        if score is not None:
            rows[sample["sample_id"]] = [score]
    return rows


def vectors_by_item(samples: list[Row], embeddings: list[Row]) -> dict[str, dict[ItemKey, Array]]:
    """(S, d) vectors per embedding model and item, in order of epoch."""
    entering = {s["sample_id"]: s for s in latest(samples, ("sample_id",)) if s["status"] not in LEFT_OUT}
    found: dict[str, dict[ItemKey, list[tuple[int, str, Array]]]] = defaultdict(lambda: defaultdict(list))
    for row in embeddings:
        sample = entering.get(row["sample_id"])
        if sample is not None:
            key = (sample["task"], sample["model_id"], sample["condition_id"], sample["item_id"])
            place = (sample["epoch"], sample["sample_id"], np.array(row["vector"], dtype=np.float64))
            found[row["embedding_model"]][key].append(place)
    return {
        model: {key: np.array([vector for *_, vector in sorted(rows, key=lambda r: r[:2])]) for key, rows in of.items()}
        for model, of in found.items()
    }
