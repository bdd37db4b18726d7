from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingestion.logs.importer import import_paths
from ingestion.logs.inspect.condition import condition_row
from ingestion.logs.inspect.types import Header
from ingestion.sampling import load_spec, partition_keys
from tests.ingestion.conftest import rows
from warehouse.layout import PROJECT_ROOT, Layout


def header(*, generate: dict[str, Any] | None = None, plan: dict[str, Any] | None = None, **spec: Any) -> Header:
    given = {"task": "t", "model": "p/m", "model_generate_config": generate or {}, **spec}
    return msgspec.convert({"eval": given, "plan": plan or {}}, Header)


def condition(**options: Any) -> dict[str, Any]:
    return condition_row(header(**options), "choice")


BASE: dict[str, Any] = {
    "generate": {"temperature": 1.0, "reasoning_effort": "low"},
    "task_args": {"n": 10},
    "task_version": "1.2",
    "config": {"message_limit": 50, "epochs": 30},
    "plan": {"steps": [{"solver": "multiple_choice", "params": {"cot": True}}]},
}


@pytest.mark.parametrize(
    "change",
    [
        {"generate": {"temperature": 0.9, "reasoning_effort": "low"}},
        {"generate": {"temperature": 1.0, "reasoning_effort": "high"}},
        {"generate": {**BASE["generate"], "a_parameter_of_tomorrow": 1}},
        {"generate": {**BASE["generate"], "extra_body": {"min_p": 0.1}}},
        {"task_args": {"n": 10, "language": "de"}},
        {"task_version": "1.3"},
        {"config": {"message_limit": 51}},
        {"plan": {"steps": [{"solver": "multiple_choice", "params": {"cot": False}}]}},
        {"plan": {**BASE["plan"], "config": {"max_tokens": 100}}},
        {"plan": {"steps": [{"solver": "system_message", "params": {"template": "x" * 500}}, *BASE["plan"]["steps"]]}},
    ],
)
def test_what_can_change_an_answer_makes_another_condition(change: dict[str, Any]) -> None:
    assert condition(**{**BASE, **change})["condition_id"] != condition(**BASE)["condition_id"]


@pytest.mark.parametrize(
    "change",
    [
        {"generate": {"temperature": 1, "reasoning_effort": "low", "top_p": None}},
        {"generate": {**BASE["generate"], "seed": 7, "num_choices": 30, "max_connections": 99, "timeout": 5}},
        {"generate": {**BASE["generate"], "extra_headers": {"x-api-key": "sk-1234567890abcdefghij"}}},
        {"config": {"message_limit": 50, "epochs": 5, "log_buffer": 1}},
        {"eval_id": "another run", "created": "2030-01-01", "packages": {"inspect_ai": "9"}},
        # newer logs list every parameter with its default, and those that were passed apart
        {
            "plan": {
                "steps": [
                    {
                        "solver": "multiple_choice",
                        "params": {"cot": True, "template": None, "multiple_correct": False},
                        "params_passed": {"cot": True},
                    }
                ]
            }
        },
    ],
)
def test_what_cannot_does_not(change: dict[str, Any]) -> None:
    assert condition(**{**BASE, **change})["condition_id"] == condition(**BASE)["condition_id"]


def test_prompt_format_is_part_of_the_condition() -> None:
    assert condition_row(header(**BASE), "probability")["condition_id"] != condition(**BASE)["condition_id"]


def test_no_secret_and_no_long_text_is_kept() -> None:
    secret = "sk-abcdefghijklmnopqrstuv"
    row = condition(
        generate={"extra_body": {"api_key": secret, "min_p": 0.1}, "extra_headers": {"Authorization": secret}},
        task_args={"judge_api_key": secret, "note": f"use {secret} here", "password": secret, "max_tokens": 5},
        plan={"steps": [{"solver": "system_message", "params": {"template": "You are a very patient tutor. " * 50}}]},
    )
    assert secret not in json.dumps(row)
    assert "patient" not in row["settings"]
    settings = json.loads(row["settings"])
    assert settings["solvers"][0]["params"]["template"].endswith(", 1500 characters: You are a very")
    assert settings["generate"]["extra_body"]["min_p"] == 0.1
    assert settings["task_args"]["max_tokens"] == 5


KEYS = {
    "google": "AIza" + "SyD4mGWmKa4JsXZ8HjGw7ISLn23namBGe9Q",
    "groq": "gsk_" + "aB1" * 17,
    "xai": "xai-" + "Cd2" * 20,
    "url": "https://user:hunter2@example.org/v1",
    "azure": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_under_any_name_is_kept_as_a_hash_that_tells_conditions_apart(kind: str) -> None:
    secret = KEYS[kind]
    row, other = condition(task_args={"x": secret, "n": 1}), condition(task_args={"x": secret[:-1] + "0", "n": 1})
    assert not any(part in json.dumps(row) for part in (secret, "hunter2"))
    assert json.loads(row["settings"])["task_args"]["n"] == 1
    assert condition(task_args={"x": secret, "n": 1})["condition_id"] == row["condition_id"]
    if kind != "url":  # of a URL the credentials alone are one
        assert other["condition_id"] != row["condition_id"]
    assert secret not in json.dumps(condition(generate={"reasoning_effort": secret}))


def test_a_new_key_under_a_key_s_name_makes_no_new_condition() -> None:
    one, two = (condition(task_args={"api_key": KEYS[kind]}) for kind in ("google", "groq"))
    assert one["condition_id"] == two["condition_id"]


def test_settings_without_a_secret_have_the_ids_of_0_1_0(shared_logs: Path, layout: Layout) -> None:
    import_paths([shared_logs / "inspect", shared_logs / "lm_eval"], layout, n_workers=1)
    assert {row["condition_id"] for row in rows(layout, "conditions")} == {
        *("choice-1067a182616a", "choice-37976a968f37", "choice-64fe4d7e6165", "choice-7a69e56ed4f8"),
        *("choice-7f99b603bfe1", "choice-837fee44dfc3", "choice-a2a93920d90a", "choice-e12d31775ea7"),
        *("choice-edd286c06cf4", "open_ended-4f6304b8bf8a", "probability-00d103df3c93"),
    }


def test_the_reasoners_conditions_have_the_ids_of_0_1_0() -> None:
    spec = load_spec(PROJECT_ROOT / "synthetic" / "reasoner" / "local-reasoner.yaml")
    assert {key.condition_id for key in partition_keys(spec)} == {"choice-5c047e85c97f", "choice-8d99d6da14ab"}


def test_columns_and_label_say_what_was_set() -> None:
    row = condition(
        generate={"temperature": 0.6, "top_p": 0.95, "top_k": 20, "reasoning_tokens": 16_000, "max_tokens": 32_000},
        task_args={"fewshot": 5},
    )
    assert row["condition_label"] == "choice · thinking 16000 · 5-shot · T 0.6 · top-p 0.95 · top-k 20 · max 32000"
    assert row["reasoning_budget"] == "16000"
    assert (row["n_shots"], row["top_k"], row["max_tokens"]) == (5, 20, 32_000)
    bare = condition()
    assert (bare["condition_label"], bare["n_shots"], bare["reasoning_budget"]) == ("choice", None, None)


def test_the_task_s_own_settings_are_in_force_where_the_run_sets_none() -> None:
    assert condition(plan={"config": {"temperature": 0.3}})["temperature"] == 0.3


def test_values_of_odd_types_do_not_break_the_row() -> None:
    row = condition(
        generate={"temperature": "hot", "top_k": -1, "max_tokens": 2**70, "reasoning_effort": ["high"], "top_p": True},
        task_args={"fewshot": "yes", "nested": [{"a": [1.0, None, float("inf")]}]},
    )
    assert (row["temperature"], row["top_k"], row["max_tokens"], row["top_p"], row["n_shots"]) == (None,) * 5
