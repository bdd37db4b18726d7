"""Values that look like keys are hashed, with the warehouse's own key; names, prompts and checksums are left alone."""

from __future__ import annotations

import base64
import json
import random
import string
import threading
from pathlib import Path

import pytest

from warehouse.layout import Layout
from warehouse.secrets import hash_key, hashed_for, without_secrets
from warehouse.settings import published_settings, without_texts

CHANCE = random.Random(7)


def drawn(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(CHANCE.choices(letters, k=length))


# Made up, each in its vendor's form; put together here so that no scanner takes this file for a leak.
KEYS = {
    "google": "AIza" + drawn(35),
    "groq": "gsk_" + drawn(52),
    "xai": "xai-" + drawn(80),
    "openai": "sk-proj-" + drawn(48),
    "anthropic": "sk-ant-api03-" + drawn(40),
    "hugging face": "hf_" + drawn(34, string.ascii_letters),
    "github": "ghp_" + drawn(36),
    "slack": "xoxb-123456789012-" + drawn(24),
    "aws": "AKIA" + drawn(16, string.ascii_uppercase + string.digits),
    "azure of 32 digits": drawn(32, "0123456789abcdef"),
    "azure of 84 characters": drawn(84),
    "jwt": ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"HS256"}', b'{"sub":"12345"}', b"s" * 32)
    ),
    "bearer": "Bearer " + drawn(30),
    "private key": "-----BEGIN PRIVATE KEY-----\n" + drawn(60) + "\n-----END PRIVATE KEY-----",
}

IN_A_TEXT = {
    "https://user:hunter2@example.org/v1": ("hunter2", "user"),
    "postgresql://admin:pa%24s@db:5432/x": ("pa%24s", "admin"),
    "https://0a1b2c3d@example.org/repository": ("0a1b2c3d",),
    "https://example.org/v1/models?key=short-one&alt=json": ("short-one",),
    "https://a.blob.core.windows.net/c?sv=2022-11-02&sig=aB%2Bc%3D12345": ("aB%2Bc%3D12345",),
    "Server=db;User Id=sa;Password=correct-horse;": ("correct-horse",),
    f"AccountName=a;AccountKey={base64.b64encode(bytes(range(64))).decode()};EndpointSuffix=x": ("AAECAwQF",),
    "request failed: api_key=abcd1234 was refused": ("abcd1234",),
}

NO_SECRETS = (
    "meta-llama/Meta-Llama-3.1-405B-Instruct-FP8",
    "Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4",
    "anthropic/claude-sonnet-4-5-20250929",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "You are a very patient tutor. Answer with one letter = one point.",
    "{{question.strip()}}\nA. {{choices[0]}}\nAnswer:",
    "ReasoningChainOfThoughtPrompt",
    "https://api.openai.com/v1",
    "2026-01-02T03:04:05+00:00",
    "550e8400-e29b-41d4-a716-446655440000",
    "9b4e2c7ad8f1e0b3c5a6978d4e3f2a1b0c9d8e7f",
    "3f" * 32,
    "system_prompt_v2_final_2024_11_03_revised",
    "max_tokens=32000",
)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_hashed_alone_and_within_a_text(kind: str) -> None:
    key = KEYS[kind]
    hashed = without_secrets(key)
    assert "(secret " in hashed
    assert not any(part in hashed for part in (key, key[-12:]))
    within = without_secrets(f"please use {key} here")
    assert key[-12:] not in within and within.startswith("please use ") and within.endswith(" here")
    assert without_secrets(hashed) == hashed


@pytest.mark.parametrize("text", IN_A_TEXT)
def test_credentials_in_urls_and_connection_strings_are_hashed(text: str) -> None:
    clean = without_secrets(text)
    assert not any(secret in clean for secret in IN_A_TEXT[text])
    assert clean.split("(secret", 1)[0] == text[: len(clean.split("(secret", 1)[0])]
    assert without_secrets(clean) == clean


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert without_secrets(text) == text


def test_most_tokens_that_chance_drew_are_found() -> None:
    found = sum(without_secrets(token) != token for token in (drawn(40) for _ in range(400)))
    assert found >= 390


def test_a_hash_tells_two_secrets_apart_and_is_the_warehouse_s_own(tmp_path: Path) -> None:
    one, two = Layout(tmp_path / "one"), Layout(tmp_path / "two")
    first, second = KEYS["groq"], KEYS["xai"]
    with hashed_for(one):
        hashed = without_secrets(first)
        assert without_secrets(first) == hashed != without_secrets(second)
    with hashed_for(one):
        assert without_secrets(first) == hashed
    with hashed_for(two):
        assert without_secrets(first) != hashed
    assert one.hash_key.stat().st_mode & 0o777 == 0o600


def test_processes_that_begin_together_have_one_key(tmp_path: Path) -> None:
    layout, keys = Layout(tmp_path), []
    threads = [threading.Thread(target=lambda: keys.append(hash_key(layout))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1 and len(keys[0]) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["hash_key"]


def test_what_a_tool_logged_is_published_by_name_and_what_a_person_chose_as_it_is() -> None:
    settings = {
        "generate": {"temperature": 0.7, "reasoning_effort": "high", "logit_bias": {"5": 1}},
        "task_args": {"language": "de", "home": "/home/jane", "deep": [{"owner": "jane"}], "fewshot": 5, "cot": True},
        "note": KEYS["google"],
        KEYS["groq"]: 1,
        "password": "hunter2",
    }
    for source in ("inspect", "lm_eval"):
        shown = json.loads(published_settings(json.dumps(settings), source))
        assert shown["generate"] == settings["generate"]
        assert shown["task_args"] | {"home": "", "deep": ""} == settings["task_args"] | {"home": "", "deep": ""}
        assert shown["task_args"]["home"].startswith("(hash ")
        assert shown["password"] == "(struck out)"
        assert "jane" not in str(shown) and KEYS["google"] not in str(shown) and KEYS["groq"] not in str(shown)
    chosen = json.loads(published_settings(json.dumps(settings), "table"))
    assert chosen["task_args"] == settings["task_args"]
    assert "AIza" not in str(chosen) and "gsk_" not in str(chosen) and "hunter2" not in str(chosen)
    assert "hunter2" not in published_settings("no JSON: hunter2", "table")


def test_of_a_withheld_task_names_and_numbers_are_published_and_texts_are_not() -> None:
    settings = {
        "model": {"revision": "a" * 40, "dtype": "bfloat16", "path": "models/of/people/who-name-them-at-length"},
        "system": "Like this one: what is the mass of a proton?",
        "stop": ["Question:", "Which of these is the mass of a proton?"],
        "template": "sha256:0123456789abcdef, 512 characters",
        "prompt": "sha256:fedcba9876543210, 777 characters: What is a proton",
        "temperature": 0.6,
    }
    shown = json.loads(without_texts(json.dumps(settings)))
    assert {name: shown[name] for name in ("model", "template", "temperature")} == {
        name: settings[name] for name in ("model", "template", "temperature")
    }
    assert "proton" not in str(shown) and shown["stop"][0] == "Question:"
    assert shown["system"].startswith("(hash ") and shown["prompt"] == "sha256:fedcba9876543210, 777 characters"
    logged = json.loads(published_settings(json.dumps({"owner_note": settings["prompt"]} | settings), "inspect"))
    assert logged["owner_note"] == shown["prompt"] and logged["prompt"] == settings["prompt"]
