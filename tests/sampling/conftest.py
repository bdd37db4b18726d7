from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.sampling import ExperimentSpec, parse_spec
from tests.sampling.server import Server, running
from warehouse.layout import Layout

KEY = "sk-test-1234567890abcdef"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "warehouse")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture
def items_path(tmp_path: Path) -> Path:
    path = tmp_path / "items.jsonl"
    rows = [
        {"id": f"q{n}", "question": f"What is {n} + {n}?", "choices": [str(2 * n + k) for k in range(4)], "target": "A"}
        for n in range(10)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


MakeSpec = Callable[..., ExperimentSpec]


@pytest.fixture
def make_spec(server: Server, items_path: Path) -> MakeSpec:
    def make(model: str = "good", kind: str = "openai", **changes: Any) -> ExperimentSpec:
        provider = {"kind": kind.split("/")[0], "base_url": server.url + ("" if kind == "anthropic" else "/v1")}
        provider |= {"api": kind.split("/")[1]} if "/" in kind else {}
        provider |= changes.pop("provider", {})
        condition = {"max_tokens": 100} | changes.pop("condition", {})
        limits = {"timeout_s": 30, "attempts": 3, "patience_s": 0.1, "backoff_s": 0.01} | changes.pop("limits", {})
        content = {
            "name": "trial",
            "tasks": [{"kind": "own", "name": "sums", "path": str(items_path)}],
            "models": [{"id": model, "provider": "here", "price": {"input": 1.0, "output": 2.0}}],
            "providers": {"here": provider},
            "conditions": [condition],
            "epochs": 3,
            "limits": limits,
        }
        return parse_spec(content | changes, items_path.with_name("spec.yaml"))

    return make
