"""What grades vary by: the model's part and the judges', against every pair of grades."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from benchmarks import judges as benchmark
from benchmarks.failure_coverage import Cell
from benchmarks.shared_errors import faults
from tests.dbt.conftest import Built, agree
from tests.dbt.test_failures import compiled
from tests.oracles.answers import latest
from tests.oracles.failures import share_interval
from tests.oracles.judges import Split, agreement, bias, bias_reach, skewed_reach, split, two_way
from tests.oracles.outcomes import LEFT_OUT
from tests.oracles.shared import ratio_interval

Pool = tuple[str, str, str]
Items = dict[str, dict[str, dict[str, list[float]]]]
"""By item, sample and rater: grades."""


@pytest.fixture(scope="module")
def graded(built: Built) -> dict[tuple[Pool, bool, str], Items]:
    """Grades that are numbers, by set of graders."""
    samples = {row["sample_id"]: row for row in latest(built.evals.samples, ("sample_id",))}
    found: dict[tuple[Pool, bool, str], Items] = {}
    graders: dict[Pool, set[str]] = defaultdict(set)
    rows = []
    for row in built.evals.grades:
        sample = samples[row["sample_id"]]
        if sample["status"] in LEFT_OUT or sample["import_id"] != row["import_id"]:
            continue
        pool = (sample["task"], sample["model_id"], sample["condition_id"])
        graders[pool].add(row["grader"])
        rows.append((pool, sample["item_id"], row))
    for pool, item, row in rows:
        keys = [(pool, False, row["grader"], str(row["grade_repeat"]))]
        if len(graders[pool]) > 1:
            keys.append((pool, True, "all graders", row["grader"]))
        for *key, rater in keys:
            items = found.setdefault((key[0], key[1], key[2]), {})
            if row["grade"] is not None:
                sample_grades = items.setdefault(item, {}).setdefault(row["sample_id"], {})
                sample_grades.setdefault(rater, []).append(row["grade"])
    return found


def test_the_variance_of_grades_is_split_by_their_pairs(built: Built, graded: Any) -> None:
    rows = built.rows("figures.fig_judge_noise")
    notes: Counter[str | None] = Counter()
    found = {}
    for row in rows:
        key = ((row["task"], row["model_id"], row["condition_id"]), row["is_panel"], row["grader"])
        found[key] = row
        items = graded[key]
        splits = [split(item) for item in items.values()]
        _agree_on_split(row, splits)
        _agree_on_agreement(row, items)
        panel = graded.get((key[0], True, "all graders"), {}) if not row["is_panel"] else {}
        biases = [off for item in panel.values() if (off := bias(item, row["grader"])) is not None]
        _agree_on_mean(row, "grader_bias", biases)
        _agree_on_counts(row, items)
        notes[row["judge_note"]] += 1
    assert set(found) == set(graded)
    assert notes[None] > 3 and notes["one_grade_per_sample"] > 1 and notes["judges_agree"] > 0, notes
    assert sum(row["n_grades_unread"] for row in rows) > 5
    assert any(row["n_items_negative"] for row in rows)


def _agree_on_split(row: dict[str, Any], splits: list[Split]) -> None:
    known = [each for each in splits if each.grade is not None]
    assert row["n_items_split"] == len(known)
    assert row["n_items_negative"] == sum((each.model or 0.0) < -1e-9 for each in known)
    for name in ("grade", "model", "judge"):
        _agree_on_mean(row, f"{name}_variance", [getattr(each, name) for each in known], 0.0)
    of_graders = [each.grader for each in known if each.grader is not None] if row["is_panel"] else []
    _agree_on_mean(row, "grader_variance", of_graders, 0.0)
    wholes, parts = (np.array([getattr(each, name) for each in known]) for name in ("grade", "judge"))
    if not known or wholes.mean() < 1e-9:
        assert row["judge_share"] is None and row["judge_note"] is not None
        return
    share, half = ratio_interval(parts, wholes, is_satterthwaite=True)
    assert agree(row["judge_share"], share), (row, share)
    assert agree(row["n_effective"], float(wholes.sum() ** 2 / np.sum(wholes**2)))
    if half is None or half < 1e-12 or abs(share) < 1e-9:
        half = None
        assert row["judge_note"] in ("one_item", "no_spread", "judges_agree")
    _agree_on_ends(row, "judge_share", share, None if half is None else (half, half), (0.0, 1.0))


def _agree_on_mean(row: dict[str, Any], name: str, values: list[float], low: float = -np.inf) -> None:
    """By a sandwich: as many degrees of freedom as items decide; of variances as askew as the items."""
    mean, reach = float(np.mean(values)) if values else None, None
    assert agree(row[name], mean), (name, row, mean)
    if len(values) > 1 and np.std(values) > 1e-12:
        reach = bias_reach(np.array(values)) if name == "grader_bias" else skewed_reach(np.array(values), name)
    _agree_on_ends(row, name, mean or 0.0, reach, (low, np.inf))


def _agree_on_ends(
    row: dict[str, Any], name: str, middle: float, reach: tuple[float, float] | None, bounds: tuple[float, float]
) -> None:
    """Cut to their bounds as far as that leaves the estimate inside, and with something between the bounds in them."""
    ends: tuple[float | None, float | None] = (None, None)
    if reach is not None:
        low, high = min(bounds[0], middle), max(bounds[1], middle)
        ends = float(np.clip(middle - reach[0], low, bounds[1])), float(np.clip(middle + reach[1], bounds[0], high))
    assert agree(row[f"{name}_ci_low"], ends[0]) and agree(row[f"{name}_ci_high"], ends[1]), (name, row, ends)


def _agree_on_agreement(row: dict[str, Any], items: Items) -> None:
    told = {item: share for item, grades in items.items() if (share := agreement(grades)) is not None}
    assert agree(row["grader_agreement"], float(np.mean(list(told.values()))) if told else None)
    n_pairs = sum(_n_pairs(sample) for item in told for sample in items[item].values())
    ends = share_interval(np.array(list(told.values())), n_pairs) if told else (None, None)
    assert agree(row["grader_agreement_ci_low"], ends[0]) and agree(row["grader_agreement_ci_high"], ends[1]), row


def _n_pairs(sample: Mapping[str, Sequence[float]]) -> int:
    """Pairs of grades of one sample by two raters."""
    return sum(len(one) * len(other) for one, other in combinations(sample.values(), 2))


def _agree_on_counts(row: dict[str, Any], items: Items) -> None:
    samples = [sample for item in items.values() for sample in item.values()]
    assert row["n_items"] == len(items) and row["n_samples"] == len(samples)
    assert row["n_samples_regraded"] == sum(len(sample) > 1 for sample in samples)
    assert row["n_grades"] == sum(len(grades) for sample in samples for grades in sample.values())


def test_with_every_grade_there_it_is_two_way_analysis_of_variance(built: Built) -> None:
    """And the oracle is the textbook's."""
    rng = np.random.default_rng(3)
    table = rng.random((6, 3))
    item = {str(i): {str(g): [table[i, g]] for g in range(3)} for i in range(6)}
    by_pairs, expected = split(item), two_way(table)
    for name in ("grade", "model", "judge", "grader"):
        assert agree(getattr(by_pairs, name), getattr(expected, name)), name


def test_planted_shares_are_found(built: Built) -> None:
    """One experiment each, and what benchmarks/judges.py recorded."""
    queries = {model: compiled(built.layout, model) for model in benchmark.MODELS}
    for name in ("three judges, grades missing", "marks of one judge, twice"):
        population = benchmark.POPULATIONS[name]
        given = benchmark.given_of(population, (1, 150, 5), np.random.default_rng(4))
        told = {what: (low, high) for what, _, low, high in benchmark.estimates(queries, given)}
        for what, truth in population.truth().items():
            if np.isnan(truth):
                continue
            low, high = told[what]
            assert low is not None and high is not None and low - 0.01 < truth < high + 0.01, (name, what)
    recorded = json.loads(benchmark.RESULT.read_text())
    assert len(recorded) > len(benchmark.POPULATIONS) * len(benchmark.SIZES) * 3
    for name, numbers in recorded.items():
        assert not faults(name, Cell(**numbers))
