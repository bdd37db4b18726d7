"""Errors that two models share, and whether votes of both beat as many of one: against the definitions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from benchmarks import shared_errors
from benchmarks.failure_coverage import Cell
from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.dbt.test_failures import compiled
from tests.oracles.corrected import Unit, estimate
from tests.oracles.failures import majority
from tests.oracles.pooling import paired_mean_interval
from tests.oracles.shared import Runs, excess_reaches, mixed_majority, shared

Pools = dict[tuple[str, str], dict[str, dict[str, tuple[Runs, int]]]]
"""By task and condition, model and item: the runs, and how many options the item has."""


VERDICTS = {
    (1, 1): "mixed_better",
    (-1, -1): "mixed_worse",
    (-1, 0): "model_better",
    (-1, 1): "model_better",
    (0, -1): "other_model_better",
    (1, -1): "other_model_better",
}
"""By the sides of 0 that the intervals of the two differences lie on."""


@pytest.fixture(scope="module")
def pools(built: Built) -> Pools:
    found: Pools = defaultdict(lambda: defaultdict(dict))
    for (task, model_id, condition_id, item), answers in built.answers.items():
        told: Counter[str] = Counter()
        wrong: Counter[int] = Counter()
        for choice in answers.predicted:
            told["right" if choice == answers.target else "blank" if choice is None else "wrong"] += 1
            if choice is not None and choice != answers.target:
                wrong[choice] += 1
        if told:
            runs = Runs(told.total(), told["right"], wrong)
            found[task, condition_id][model_id][item] = (runs, answers.probs.shape[1])
    return found


def test_shared_errors_are_pairs_of_wrong_samples_of_two_models(built: Built, pools: Pools) -> None:
    rows = built.rows("figures.fig_shared_errors")
    notes: Counter[str | None] = Counter()
    for row in rows:
        models = pools[row["task"], row["condition_id"]]
        one, other = models[row["model_id"]], models[row["other_model_id"]]
        rest = [models[name] for name in models if name not in (row["model_id"], row["other_model_id"])]
        items, at_random = [], 0.0
        for name in sorted(set(one) & set(other)):
            n_classes = one[name][1]
            others = [model[name][0] for model in rest if name in model]
            item = shared(one[name][0], other[name][0], others, n_classes) if n_classes > 2 else None
            if item is not None:
                items.append(item)
                at_random += item.both_wrong / (n_classes - 1)
        _agree_on_pair(row, items, at_random)
        assert row["n_other_models"] == len(rest)
        notes[row["excess_note"]] += 1
    assert {row["task"] for row in rows} >= {"four", "many", "study"} and notes[None] > 5, notes
    assert notes["no_other_model"] > 0, notes


def _agree_on_pair(row: dict[str, Any], items: list[Any], at_random: float) -> None:
    expected = estimate([Unit(error=item.both_wrong, variance=item.alike) for item in items])
    note = {"none_agree": "all_identical", "all_agree": "out_of_range"}.get(row["interval_note"], row["interval_note"])
    agree_on_incoherence(
        {name.replace("agreement", "incoherence_unbiased"): value for name, value in row.items()}
        | {"interval_note": note},
        expected,
    )
    assert agree(row["agreement_at_random"], at_random / sum(item.both_wrong for item in items))
    compared = [item for item in items if item.by_chance is not None]
    assert (row["n_items"], row["n_items_compared"]) == (len(items), len(compared))
    if not compared:
        assert row["excess_over_chance"] is None and row["excess_note"] is not None
        return
    wholes = np.array([item.both_wrong for item in compared])
    excesses = np.array([item.alike - item.by_chance for item in compared])
    excess, reaches = float(excesses.sum() / wholes.sum()), excess_reaches(excesses, wholes)
    assert agree(row["excess_over_chance"], excess)
    assert agree(row["agreement_by_chance"], sum(item.by_chance for item in compared) / wholes.sum())
    if reaches is None:
        assert row["excess_over_chance_ci_low"] is None and row["excess_note"] in ("one_item", "no_spread")
    else:
        assert agree(row["excess_over_chance_ci_low"], excess - reaches[0]), row
        assert agree(row["excess_over_chance_ci_high"], excess + reaches[1]), row


def test_mixed_ensembles_are_counted_over_all_subsets(built: Built, pools: Pools) -> None:
    rows = built.rows("figures.fig_mixed_ensembles")
    for row in rows:
        models, k = pools[row["task"], row["condition_id"]], row["n_votes"]
        one, other = models[row["model_id"]], models[row["other_model_id"]]
        names = [name for name in sorted(set(one) & set(other)) if min(one[name][0].n, other[name][0].n) >= k]
        votes = []
        for name in names:
            sides = [pool[name][0] for pool in (one, other)]
            single = [majority(runs.n_right, runs.n_blank, list(runs.wrong.values()), k) for runs in sides]
            votes.append([*single, mixed_majority(sides[0], sides[1], one[name][1], k)])
        first, second, mixed = np.array(votes).T
        assert row["n_items"] == len(names)
        for name, values in (("majority", first), ("other_majority", second), ("mixed_majority", mixed)):
            assert agree(row[name], float(values.mean())), (name, row)
        signs = []
        for name, values in (("mixed_difference", first), ("other_mixed_difference", second)):
            difference, low, high = paired_mean_interval(values, mixed)
            assert agree(row[name], difference), (name, row)
            if low is None or high is None or high - low < 1e-11:
                low = high = None
            assert agree(row[f"{name}_ci_low"], low) and agree(row[f"{name}_ci_high"], high), (name, row)
            signs.append(0 if low is None or high is None or low <= 0 <= high else int(np.sign(low)))
        assert row["mixed_verdict"] == (
            VERDICTS.get((signs[0], signs[1]), "cannot_tell") if len(names) > 9 else "cannot_tell"
        )
    assert {row["n_votes"] for row in rows} == {4, 6} and len(rows) > 12


def test_shared_beliefs_are_seen_and_models_that_share_none_are_not(built: Built) -> None:
    """A planted belief in one experiment, and what benchmarks/shared_errors.py recorded."""
    queries = {model: compiled(built.layout, model) for model in shared_errors.MODELS}
    rng = np.random.default_rng(5)
    for name, is_shared in (("a shared belief", True), ("nothing shared", False)):
        probs = shared_errors.draw_probabilities(shared_errors.POPULATIONS[name], (1, 300), rng)
        told = {what: low for what, _, low, _ in shared_errors.estimates(queries, rng.multinomial(5, probs))}
        assert told["excess"] is not None and (told["excess"] > 0) == is_shared
    recorded = json.loads(shared_errors.RESULT.read_text())
    assert len(recorded) > len(shared_errors.POPULATIONS) * len(shared_errors.SIZES) * 3
    for name, numbers in recorded.items():
        assert not shared_errors.faults(name, Cell(**numbers))
