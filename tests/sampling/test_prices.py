from __future__ import annotations

import pytest

from ingestion.sampling.plans.prices import FREE, cost_usd, expected_output_tokens, most_output_tokens, price_of
from ingestion.sampling.providers.wire import Reply
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.experiment import ModelSpec
from ingestion.sampling.spec.models import Price, facts
from ingestion.sampling.spec.providers import ProviderSpec

OPENAI = ProviderSpec(kind="openai")


def reply(read: int | None, cached: int | None, written: int | None) -> Reply:
    return Reply("", None, read, cached, written, None, None, None, False)


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("gpt-5", "gpt-5"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("GPT-5-mini", "gpt-5-mini"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("gpt-5-turbo-brand-new", None),
        ("claude-sonnet-44", None),
    ],
)
def test_a_dated_name_has_the_price_of_its_model(name: str, known_as: str | None) -> None:
    assert price_of(ModelSpec(id=name, provider="openai"), OPENAI) == (
        facts().models[known_as].price if known_as else None
    )


def test_a_spec_s_price_comes_first_and_own_servers_are_free() -> None:
    price = Price(input=7, output=8)
    assert price_of(ModelSpec(id="gpt-5", provider="openai", price=price), OPENAI) == price
    own = ProviderSpec(kind="openai_compatible", base_url="http://h/v1")
    assert price_of(ModelSpec(id="anything", provider="own"), own) == FREE


def test_what_a_completion_costs() -> None:
    price = Price(input=2.0, output=8.0, cached_input=0.5)
    assert cost_usd(reply(1_000, 400, 500), price) == pytest.approx((600 * 2 + 400 * 0.5 + 500 * 8) / 1e6)
    assert cost_usd(reply(1_000, 400, 500), price, is_batch=True) == pytest.approx(0.0054 / 2)
    assert cost_usd(reply(1_000, None, 500), Price(input=2.0, output=8.0)) == pytest.approx(0.006)
    assert cost_usd(reply(None, None, 500), price) is None
    assert cost_usd(reply(1_000, 0, 500), None) is None
    assert cost_usd(reply(None, None, None), FREE) == 0.0


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_a_limit_in_extra_body_is_the_one_that_counts(name: str) -> None:
    model = ModelSpec(id="gpt-5", provider="openai")
    longer = Condition("choice", max_tokens=100, extra_body={name: 5_000})
    assert most_output_tokens(Condition("choice", max_tokens=100), model) == 100
    assert most_output_tokens(longer, model) == 5_000
    assert expected_output_tokens(longer, model) > 100
