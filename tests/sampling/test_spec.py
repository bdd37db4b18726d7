from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.sampling import SpecError, json_schema, load_spec, parse_spec
from ingestion.sampling.spec.conditions import repetitions
from warehouse.layout import PROJECT_ROOT

EXAMPLES = sorted((PROJECT_ROOT / "docs" / "examples").glob("*.yaml"))
GOOD: dict[str, Any] = {
    "name": "trial",
    "tasks": [{"kind": "own", "path": "items.jsonl"}],
    "models": [{"id": "m", "provider": "openai"}],
    "conditions": [{}],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "spec.yaml:3: epochs: is 0; it should be greater than or equal to 1"),
        ({"epoch": 30}, "spec.yaml:3: epoch: unknown field; did you mean epochs?"),
        ({"models": [{"provider": "openai"}]}, "spec.yaml:4: models.0.id: is missing; add it"),
        ({"models": [{"id": "m", "provider": "opneai"}]}, "provider 'opneai' of 'm' is unknown; use one of openai,"),
        (
            {"conditions": [{"prompt_format": "letter"}]},
            "conditions.0.prompt_format: is \"letter\"; it should be 'choice'",
        ),
        ({"conditions": [{"reasoning": "hgih"}]}, "conditions.0.reasoning: is \"hgih\"; it should be 'none'"),
        (
            {"conditions": [{"reasoning": 2048}]},
            "reasoning: 2048 is a token budget, and 'm' takes an effort; use low",
        ),
        ({"conditions": [{"top_k": 20}]}, "conditions.0.top_k: OpenAI has no top-k sampling; drop it"),
        ({"contexts": 10}, "conditions.0: contexts is 10, but without few-shot examples all contexts are the same"),
        ({"conditions": [{"models": ["n"]}]}, "conditions.0.models: 'n' is not in models; use one of m"),
        ({"models": [{"id": "m", "provider": "anthropic"}]}, "conditions.0.max_tokens: Anthropic needs a limit"),
        (
            {
                "models": [{"id": "m", "provider": "anthropic"}],
                "conditions": [{"max_tokens": 1000, "reasoning": 2048}],
            },
            "conditions.0.reasoning: 2048 thinking tokens; Anthropic takes from 1024 to below max_tokens (now 1000)",
        ),
        ({"models": GOOD["models"] * 2}, "models: id 'm' is used twice; give each its own"),
        (
            {"providers": {"p": {"kind": "openai_compatible"}}},
            "p: an openai_compatible provider needs base_url",
        ),
        (
            {"providers": {"p": {"kind": "openai", "base_url": "http://u:pw@h/v1"}}},
            "name an environment variable in api_key_env",
        ),
        ({"tasks": [{"kind": "gpqa", "subset": "all"}]}, "tasks.0.subset: is \"all\"; it should be 'extended', 'main'"),
        ({"tasks": [{"kind": "qpqa"}]}, "tasks.0.kind: is 'qpqa'; use one of own, gpqa"),
        ({"conditions": [{"extra_body": {"api_key": "k"}}]}, "'api_key' looks like a secret"),
        ({"providers": {"p": {"kind": "openai", "api_key_env": "sk-secret"}}}, "is not the name of a variable"),
        (
            {"conditions": [{"reasoning": ["low", "high"]}, {"reasoning": "low"}]},
            "spec.yaml:1: conditions: 'choice · effort low · 0-shot' is there twice for m on own; drop one",
        ),
        ({"models": []}, "models: is empty; write at least one"),
        ({"budget_usd": -1}, "budget_usd: is -1; it should be greater than 0"),
    ],
)
def test_a_bad_spec_is_told_field_value_and_fix(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(GOOD | changes))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value).replace("looks like a secret", "")
    assert str(path) in str(caught.value) and "\nFor further" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: 1\na: 2\n", "field 'a' is there twice"), ("- a\n", "holds list; write fields"), ("a: [", "is no YAML")],
)
def test_what_is_no_spec_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        load_spec(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.yaml: cannot be read"):
        load_spec(tmp_path / "none.yaml")


def test_lists_are_multiplied_out(tmp_path: Path) -> None:
    conditions = [{"prompt_format": ["choice", "probability"], "reasoning": ["low", "high", None], "temperature": 1.0}]
    spec = parse_spec(GOOD | {"conditions": conditions}, tmp_path / "s.yaml")
    found = [repetition.condition for repetition in repetitions(spec, "v1")]
    assert [(c.prompt_format, c.reasoning) for c in found] == [
        (prompt_format, reasoning) for prompt_format in ("choice", "probability") for reasoning in ("low", "high", None)
    ]
    assert len({c.condition_id for c in found}) == 6
    whole = parse_spec(GOOD | {"conditions": [{"temperature": 1}]}, tmp_path / "s.yaml")
    decimal = parse_spec(GOOD | {"conditions": [{"temperature": 1.0}]}, tmp_path / "s.yaml")
    ids = [next(repetitions(spec, "v1")).condition.condition_id for spec in (whole, decimal)]
    assert ids[0] == ids[1]


def test_the_exported_schema_is_the_one_in_force() -> None:
    exported = PROJECT_ROOT / "docs" / "experiment.schema.json"
    assert json.loads(exported.read_text()) == json_schema(), (
        "the spec has changed: write it again with python -m ingestion.sampling > docs/experiment.schema.json"
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_good_spec(path: Path) -> None:
    assert load_spec(path).name


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4
