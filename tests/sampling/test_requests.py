"""What the real SDKs put on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.sampling import sample
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout


@pytest.mark.parametrize(
    ("kind", "condition", "sent", "left_out"),
    [
        (
            "openai",
            {"reasoning": "low", "max_tokens": 500},
            {"reasoning_effort": "low", "max_completion_tokens": 500},
            {"temperature", "top_p", "max_tokens", "n"},
        ),
        (
            "openai/responses",
            {"reasoning": "high", "max_tokens": 500},
            {"reasoning": {"effort": "high"}, "max_output_tokens": 500, "store": False},
            {"seed", "temperature", "n"},
        ),
        (
            "openai_compatible",
            {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "extra_body": {"chat_template_kwargs": {"think": True}}},
            {
                "temperature": 0.6,
                "top_p": 0.95,
                "top_k": 20,
                "max_tokens": 100,
                "chat_template_kwargs": {"think": True},
            },
            {"max_completion_tokens", "reasoning_effort"},
        ),
        (
            "anthropic",
            {"reasoning": 1024, "max_tokens": 30_000},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 30_000},
            {"temperature", "seed", "output_config"},
        ),
        (
            "anthropic",
            {"reasoning": "medium", "system": "Be brief."},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}, "system": "Be brief."},
            {"seed", "temperature", "top_k"},
        ),
    ],
)
def test_a_condition_is_sent_as_its_provider_takes_it(
    server: Server,
    layout: Layout,
    make_spec: MakeSpec,
    kind: str,
    condition: dict[str, Any],
    sent: dict[str, Any],
    left_out: set[str],
) -> None:
    sample(make_spec("good", kind, condition=condition, epochs=1), layout)
    for request in server.requests:
        body = request["body"]
        assert {name: body[name] for name in sent} == sent
        assert not left_out & set(body)
    seeds = rows(layout, "select count(distinct seed), count(seed) from raw.samples")
    assert seeds == [(10, 10)] if kind in ("openai", "openai_compatible") else [(0, 0)]
    budget = condition.get("reasoning")
    assert rows(layout, "select reasoning_budget, temperature, top_k from raw.conditions") == [
        (None if budget is None else str(budget), condition.get("temperature"), condition.get("top_k"))
    ]
