"""Contrasts: conditions that differ in one setting, and what conditions are called, against the settings themselves."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import combinations
from typing import Any

from tests.dbt.conftest import Built, agree

EFFORTS = {"low": 2.0, "high": 4.0}
KEYS = ("task", "model_id", "condition_id", "other_condition_id", "decomposition")


def settings_of(built: Built) -> dict[str, dict[str, Any]]:
    return {row["condition_id"]: json.loads(row["settings"]) for row in built.evals.conditions}


def place(value: Any) -> tuple[int, float, str]:
    """What a value of a setting sorts by: nothing, numbers and efforts, words."""
    if value is None:
        return 0, 0.0, ""
    try:
        return 1, EFFORTS[value] if value in EFFORTS else float(value), ""
    except ValueError:
        return 2, 0.0, str(value)


def contrasts(built: Built) -> dict[tuple[str, str, str, str], tuple[str, Any, Any]]:
    """Task, model, and two conditions that differ in one setting → the setting and its values."""
    settings = settings_of(built)
    pools: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in built.rows("marts.fct_incoherence", "decomposition not in ('zero_one', 'embedding')"):
        pools[row["task"], row["model_id"]].add(row["condition_id"])
    found = {}
    for (task, model), conditions in pools.items():
        for pair in combinations(sorted(conditions), 2):
            names = {name for condition in pair for name in settings[condition]}
            differing = [name for name in names if settings[pair[0]].get(name) != settings[pair[1]].get(name)]
            if len(differing) == 1:
                (name,) = differing
                one, other = sorted(pair, key=lambda condition: place(settings[condition].get(name)))
                values = (settings[one].get(name), settings[other].get(name))
                found[task, model, one, other] = (name, *values)
    return found


def test_conditions_that_differ_in_one_setting_are_compared_from_the_smaller_value_on(built: Built) -> None:
    expected = contrasts(built)
    settings = {name for name, _, _ in expected.values()}
    assert {"reasoning", "max_tokens"} <= settings
    facts = {tuple(row[key] for key in KEYS): row for row in built.rows("marts.fct_incoherence_difference")}
    rows = built.rows("figures.fig_contrasts")
    assert {tuple(row[key] for key in KEYS[:-1]) for row in rows} == set(expected)
    later = {(task, model, name, other) for (task, model, _, other), (name, _, _) in expected.items()}
    for row in rows:
        name, *values = expected[row["task"], row["model_id"], row["condition_id"], row["other_condition_id"]]
        assert row["setting"] == name
        for found, value in zip((row["setting_value"], row["other_setting_value"]), values, strict=True):
            assert found == (None if value is None else str(value))
        assert row["is_from_baseline"] == ((row["task"], row["model_id"], name, row["condition_id"]) not in later)
        assert row["n_pairs_left_out"] == 0
        fact = facts[tuple(row[key] for key in KEYS)]
        assert {key: row[key] for key in row.keys() & fact.keys()} == {
            key: fact[key] for key in row.keys() & fact.keys()
        }
        assert row["verdict"] == verdict(row), row
        assert f"{name}: " in row["sentence"] and row["model_id"] in row["sentence"]
    assert {row["verdict"] for row in rows} >= {"cannot_tell"}


def verdict(row: dict[str, Any]) -> str:
    """By the definition: the whole interval, from enough items and wrong answers."""
    low, high = (row[f"incoherence_unbiased_difference_ci_{end}"] for end in ("low", "high"))
    always_wrong = {"kl": 27.631021115928547, "brier": 2.0}.get(row["decomposition"], 1.0)
    for side in ("", "other_"):
        assert agree(row[f"{side}n_wrong_items"], row["n_items"] * row[f"{side}error"] / always_wrong), row
    wrong = min(row["n_wrong_items"], row["other_n_wrong_items"])
    if low is None or row["n_items"] < 10 or wrong < 5:
        return "cannot_tell"
    if max(abs(low), abs(high)) <= 0.05:
        return "negligible"
    return "more_coherent" if high < 0 else "more_scattered" if low > 0 else "cannot_tell"


def test_no_two_conditions_of_a_task_have_one_label(built: Built) -> None:
    labels = {row["condition_id"]: row["condition_label"] for row in built.rows("marts.dim_condition")}
    asked = {(row["task"], row["condition_id"]) for row in built.rows("marts.fct_sample")}
    by_task: dict[str, list[str]] = defaultdict(list)
    for task, condition in asked:
        by_task[task].append(labels[condition])
    assert all(len(set(found)) == len(found) for found in by_task.values())
    assert labels["t1-low"] == "max_tokens: not set · n_shots: 0 · reasoning: low · temperature: 1.0"
