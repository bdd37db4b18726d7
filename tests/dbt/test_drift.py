"""What changed under one model name: periods, and changes of accuracy, length and incoherence, from raw rows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks import drift as benchmark
from benchmarks.failure_coverage import Cell
from benchmarks.shared_errors import faults
from tests.dbt.conftest import Built, agree
from tests.dbt.test_failures import compiled
from tests.oracles.answers import Row, latest
from tests.oracles.corrected import Unit, contrast, estimate, graded_unit
from tests.oracles.decompositions import Array
from tests.oracles.outcomes import LEFT_OUT, scores_by_sample, unit_tests_by_sample
from tests.oracles.pooling import paired_mean_interval

POOL = ("task", "model_id", "condition_id")
LENGTHS = {"reasoning_tokens": "reasoning_tokens", "output_tokens": "output_tokens", "actions": "n_actions"}
KINDS = ("date", "served_model", "system_fingerprint")
POWER = 1 + stats.norm.ppf(0.8) / stats.norm.ppf(0.975)


@dataclass(frozen=True)
class Told:
    """What a sample says: what it is held against, (T,) outcomes or (C,) probabilities, and whether it is right."""

    raw: Row
    misses: Array
    accuracy: float
    share: float


@pytest.fixture(scope="module")
def told(built: Built) -> dict[tuple[str, ...], dict[str, list[Told]]]:
    """Samples that enter, by pool and item."""
    found: dict[tuple[str, ...], dict[str, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for (task, model_id, condition_id, item), answers in built.answers.items():
        wanted = np.eye(answers.probs.shape[1])[answers.target]
        for raw, probs, choice in zip(answers.samples, answers.probs, answers.predicted, strict=True):
            sample = Told(raw, probs - wanted, float(choice == answers.target), 0.5)
            found[task, model_id, condition_id][item].append(sample)
    evals = built.evals
    grades = scores_by_sample(evals.items, evals.samples, evals.test_outcomes)
    tests = unit_tests_by_sample(evals.samples, evals.test_outcomes)
    for raw in latest(evals.samples, ("sample_id",)):
        if raw["task"] == "trials" and raw["status"] not in LEFT_OUT:
            passed = np.array(tests[raw["sample_id"]])
            (grade,) = grades[raw["sample_id"]]
            sample = Told(raw, (passed - 1) / np.sqrt(len(passed)), grade, 1.0)
            found[tuple(raw[name] for name in POOL)][raw["item_id"]].append(sample)
    return found


def period_of(raw: Row, kind: str) -> str | None:
    if kind == "date":
        return str(raw["created_at"].date())
    return raw.get(kind)


def test_each_period_is_held_against_all_before_it(built: Built, told: dict[Any, dict[str, list[Told]]]) -> None:
    rows = built.rows("figures.fig_drift")
    by_period = defaultdict(list)
    for row in rows:
        by_period[tuple(row[name] for name in POOL), row["period_kind"], row["period"]].append(row)
    n_compared = 0
    for pool, items in told.items():
        for kind in KINDS:
            began: dict[str, Any] = {}
            for sample in (sample for samples in items.values() for sample in samples):
                name = period_of(sample.raw, kind)
                if name is not None:
                    began[name] = min(began.get(name, sample.raw["created_at"]), sample.raw["created_at"])
            periods = sorted(began, key=lambda name: (began[name], name))
            if len(periods) < 2:
                (row,) = by_period[pool, kind, periods[0] if periods else None]
                assert row["drift_note"] == ("one_period" if periods else "not_recorded")
                assert (
                    row["change_since"] is None
                    and row["drift_measure"] is None
                    and row["drift_verdict"] == "cannot_tell"
                )
                continue
            for place, name in enumerate(periods[1:], start=1):
                sides = [
                    {item: [s for s in samples if period_of(s.raw, kind) in chosen] for item, samples in items.items()}
                    for chosen in (periods[:place], [name])
                ]
                shared = [item for item in items if all(side[item] for side in sides)]
                found = {row["drift_measure"]: row for row in by_period[pool, kind, name]}
                assert set(found) == {"accuracy", "length", "incoherence"}
                _agree(found, [[side[item] for item in shared] for side in sides])
                n_compared += 1
    assert n_compared > 20


def _agree(found: dict[str, Row], sides: Sequence[Sequence[list[Told]]]) -> None:
    first, second = sides
    for row in found.values():
        assert row["n_items"] == len(first)
        assert (row["n_samples_before"], row["n_samples_since"]) == (sum(map(len, first)), sum(map(len, second)))
    _agree_on_mean(found["accuracy"], [np.array([np.mean([s.accuracy for s in i]) for i in side]) for side in sides])
    column = LENGTHS.get(found["length"]["drift_metric"])
    logs = [
        [[np.log(max(s.raw[column], 1)) for s in i if s.raw[column] is not None] if column else [] for i in side]
        for side in sides
    ]
    both = [index for index in range(len(first)) if logs[0][index] and logs[1][index]]
    if both:
        _agree_on_mean(found["length"], [np.array([np.mean(side[index]) for index in both]) for side in logs])
    else:
        assert found["length"]["change_since"] is None and found["length"]["drift_note"] == "no_length"
    _agree_on_incoherence(found["incoherence"], sides)


def _agree_on_mean(row: Row, sides: list[Array]) -> None:
    difference, low, high = paired_mean_interval(sides[0], sides[1])
    is_length = row["drift_measure"] == "length"
    value = np.exp if is_length else np.asarray
    change = np.expm1 if is_length else np.asarray
    assert agree(row["value_before"], float(value(sides[0].mean()))), row
    assert agree(row["value_since"], float(value(sides[1].mean()))), row
    assert agree(row["change_since"], float(change(difference))), row
    if low is None or high is None or high - low < 1e-12:
        assert row["change_since_ci_low"] is None and row["drift_note"] in ("one_item", "no_spread"), row
        return
    assert agree(row["change_since_ci_low"], float(change(low))) and agree(
        row["change_since_ci_high"], float(change(high))
    ), row
    assert agree(row["smallest_change"], float(change((high - low) / 2 * POWER))), row
    assert row["drift_verdict"] == _verdict(low, high, row["n_items"])


def _agree_on_incoherence(row: Row, sides: Sequence[Sequence[list[Told]]]) -> None:
    units = [[_unit(item) for item in side] for side in sides]
    several = [i for i in range(len(units[0])) if units[0][i].variance is not None and units[1][i].variance is not None]
    if not several:
        assert row["drift_note"] == "one_sample_per_item" and row["change_since"] is None
        return
    kept = [[side[index] for index in several] for side in units]
    difference, low, high = contrast([(-1, kept[0]), (1, kept[1])])
    assert agree(row["value_before"], estimate(kept[0]).ratio) and agree(row["value_since"], estimate(kept[1]).ratio)
    assert agree(row["change_since"], difference), row
    assert agree(row["change_since_ci_low"], low) and agree(row["change_since_ci_high"], high), row
    assert (row["drift_note"] is None) == (low is not None)
    if low is not None and high is not None:
        assert agree(row["smallest_change"], (high - low) / 2 * POWER)
        assert row["drift_verdict"] == _verdict(low, high, row["n_items"])


def _unit(samples: list[Told]) -> Unit:
    unit = graded_unit(np.array([sample.misses for sample in samples]) * np.sqrt(len(samples[0].misses)) + 1)
    return Unit(unit.error, unit.variance, unit.error * samples[0].share)


def _verdict(low: float, high: float, n_items: int) -> str:
    if n_items < 10:
        return "cannot_tell"
    if low > 0 or high < 0:
        return "risen" if low > 0 else "fallen"
    return "negligible" if low > -0.05 and high < 0.05 else "cannot_tell"


def test_notes_say_why_there_is_nothing_to_compare(built: Built) -> None:
    notes = Counter(row["drift_note"] for row in built.rows("figures.fig_drift"))
    assert notes[None] > 20 and notes["one_period"] > 5 and notes["not_recorded"] > 5, notes


def test_planted_drift_is_found_and_none_is_not(built: Built) -> None:
    """One experiment each, and what benchmarks/drift.py recorded."""
    queries = {model: compiled(built.layout, model) for model in benchmark.MODELS}
    for name in ("nothing", "less accurate"):
        rows = benchmark.changes(
            queries, benchmark.draw(benchmark.POPULATIONS[name], (1, 200), 5, np.random.default_rng(4))
        )
        (accuracy,) = (row for row in rows if row[0] == "accuracy")
        assert accuracy[2] is not None and accuracy[3] is not None
        assert (accuracy[3] < 0) == (name != "nothing")
    recorded = json.loads(benchmark.RESULT.read_text())
    assert len(recorded) == len(benchmark.POPULATIONS) * len(benchmark.SIZES) * 3
    for name, numbers in recorded.items():
        assert not faults(name, Cell(**numbers))
