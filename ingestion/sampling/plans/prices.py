"""What a sample costs, and estimates beforehand.

Prices are in `spec/models.yaml`, which says when it was looked up; a spec's `price` overrides it. A model that is in
neither has no known cost: it is reported as unknown, never as 0. Models in this process, and servers of one's own, cost
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.sampling.providers.wire import Reply
from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.contracts import output_limit
from ingestion.sampling.spec.experiment import ModelSpec
from ingestion.sampling.spec.models import Price, model_facts
from ingestion.sampling.spec.providers import ProviderSpec

FREE = Price(input=0, output=0)

RUN_HERE = ("mockllm", "vllm", "sglang", "hf", "ollama", "llama-cpp-python", "transformer_lens", "nnterp")
"""Providers of Inspect whose models run on machines of one's own."""

CHARACTERS_PER_TOKEN = 4.0
"""For estimates alone."""

_EXPECTED_OUTPUT = {
    "none": 300,
    "minimal": 500,
    "low": 1_000,
    "medium": 3_000,
    "high": 8_000,
    "xhigh": 16_000,
    "max": 24_000,
    "adaptive": 3_000,
}


def price_of(model: ModelSpec, provider: ProviderSpec) -> Price | None:
    """What the model's tokens cost; None if nobody says."""
    if model.price is not None:
        return model.price
    if provider.kind in ("local", "openai_compatible"):
        return FREE
    name = model.request_name
    if provider.kind == "inspect":
        maker, _, name = name.rpartition("/")
        if maker not in ("openai", "anthropic"):  # "mockllm", "vllm", "hf", "ollama" run here; others set prices
            return FREE if maker in RUN_HERE else None
    known = model_facts(name)
    return None if known is None else known.price


def cost_usd(reply: Reply, price: Price | None, *, is_batch: bool = False) -> float | None:
    """What a completion cost, from the tokens that were reported; None if price or tokens are unknown."""
    if price is None:
        return None
    if price.input == price.output == 0:
        return 0.0
    if reply.input_tokens is None or reply.output_tokens is None:
        return None
    cached = min(reply.cached_tokens or 0, reply.input_tokens)
    cached_price = price.input if price.cached_input is None else price.cached_input
    dollars = (reply.input_tokens - cached) * price.input + cached * cached_price + reply.output_tokens * price.output
    return dollars / 1e6 * (1 - price.batch_discount if is_batch else 1)


def tokens_cost(input_tokens: float, output_tokens: float, price: Price, *, is_batch: bool = False) -> float:
    """US dollars for so many tokens."""
    dollars = (input_tokens * price.input + output_tokens * price.output) / 1e6
    return dollars * (1 - price.batch_discount if is_batch else 1)


def expected_input_tokens(turns: Sequence[Turn]) -> int:
    """An estimate from the prompt's length."""
    return 10 + round(sum(len(turn.text) for turn in turns) / CHARACTERS_PER_TOKEN)


def expected_output_tokens(condition: Condition, model: ModelSpec) -> int:
    """A rough guess from the reasoning budget, for a plan that has no samples to go by."""
    budget = condition.reasoning
    if isinstance(budget, int):
        guess = 300 + round(0.6 * budget)
    elif budget is not None:
        guess = _EXPECTED_OUTPUT[budget]
    else:
        guess = _EXPECTED_OUTPUT["medium" if model.type == "thinking" else "minimal"]
    return min(guess, output_limit(condition.max_tokens, condition.extra_body) or guess)


def most_output_tokens(condition: Condition, model: ModelSpec) -> int:
    """The most that a completion can be long, for the budget; without a limit a generous multiple of the guess."""
    limit = output_limit(condition.max_tokens, condition.extra_body)
    return limit or 8 * expected_output_tokens(condition, model)
