"""What a sample costs: a small price table, and estimates beforehand.

Prices change: `PRICES` says when it was looked up, and a spec's `price` overrides it. A model that is in neither has no
known cost: it is reported as unknown, never as 0. Models in this process, and servers of one's own, cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.sampling.providers.wire import Reply
from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.experiment import ModelSpec, Price, ProviderSpec

PRICES_AS_OF = "2026-03 (OpenAI) and 2026-10 (Anthropic)"
"""How old the table is."""

PRICES = {
    "gpt-4.1": Price(input=2.0, output=8.0),
    "gpt-4.1-mini": Price(input=0.4, output=1.6),
    "gpt-4.1-nano": Price(input=0.1, output=0.4),
    "gpt-4o": Price(input=2.5, output=10.0),
    "gpt-4o-mini": Price(input=0.15, output=0.6),
    "gpt-5": Price(input=1.25, output=10.0),
    "gpt-5-mini": Price(input=0.25, output=2.0),
    "gpt-5-nano": Price(input=0.05, output=0.4),
    "gpt-5.1": Price(input=1.25, output=10.0),
    "gpt-5.4": Price(input=2.5, output=15.0),
    "o3": Price(input=2.0, output=8.0),
    "o3-mini": Price(input=1.1, output=4.4),
    "o4-mini": Price(input=1.1, output=4.4),
    "claude-fable-5": Price(input=10.0, output=50.0, cached_input=1.0),
    "claude-fable-5-1": Price(input=10.0, output=50.0, cached_input=0.25),
    "claude-haiku-3-5": Price(input=0.8, output=4.0, cached_input=0.08),
    "claude-haiku-4-5": Price(input=1.0, output=5.0, cached_input=0.1),
    "claude-haiku-5-5": Price(input=0.1, output=0.5, cached_input=0.01),  # of prompts up to 100,000 tokens
    "claude-opus-4-1": Price(input=15.0, output=75.0, cached_input=1.5),
    "claude-opus-4-5": Price(input=5.0, output=25.0, cached_input=0.5),
    "claude-opus-4-6": Price(input=5.0, output=25.0, cached_input=0.5),
    "claude-opus-4-7": Price(input=5.0, output=25.0, cached_input=0.5),
    "claude-opus-4-8": Price(input=5.0, output=25.0, cached_input=0.5),
    "claude-opus-5": Price(input=5.0, output=25.0, cached_input=0.5),
    "claude-opus-5-5": Price(input=4.0, output=20.0, cached_input=0.2),
    "claude-sonnet-4": Price(input=3.0, output=15.0, cached_input=0.3),
    "claude-sonnet-4-5": Price(input=3.0, output=15.0, cached_input=0.3),
    "claude-sonnet-4-6": Price(input=3.0, output=15.0, cached_input=0.3),
    "claude-sonnet-5": Price(input=2.0, output=10.0, cached_input=0.2),
    "claude-sonnet-5-5": Price(input=2.0, output=10.0, cached_input=0.1),
    "text-embedding-3-large": Price(input=0.13, output=0.0),
    "text-embedding-3-small": Price(input=0.02, output=0.0),
}
"""US dollars per million tokens by model; a dated name (`gpt-5-2025-08-07`) is looked up without its date."""

FREE = Price(input=0, output=0)

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
    name = model.request_name.lower()
    stem, _, last = name.rpartition("-")
    candidates = [name, name[:-11] if name[-11:-10] == "-" else "", stem if last.isdigit() and len(last) == 8 else ""]
    return next((PRICES[candidate] for candidate in candidates if candidate in PRICES), None)


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
    return min(guess, condition.max_tokens or guess)


def most_output_tokens(condition: Condition, model: ModelSpec) -> int:
    """The most that a completion can be long, for the budget; without `max_tokens` a generous multiple of the guess."""
    return condition.max_tokens or 8 * expected_output_tokens(condition, model)
