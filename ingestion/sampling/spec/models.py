"""What is known of hosted models: what they take, what they cost, when they are shut down; from `models.yaml`.

A model that is not listed has no contract, no price and no date: it is asked, and its provider says what it thinks.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ingestion.sampling.spec.tasks import Strict
from ingestion.yaml import read_yaml

_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest|0)$")

FILE = Path(__file__).with_name("models.yaml")

NEWEST_ANTHROPIC_VERSION = "2026-10-21"
"""Version of Anthropic's API that the SDK sends by itself; it takes no sampling parameters, of any model."""


class Price(Strict):
    """US dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    """Per million tokens read."""
    output: Annotated[float, Field(ge=0)]
    """Per million tokens written, reasoning tokens included."""
    cached_input: Annotated[float, Field(ge=0)] | None = None
    """Per million tokens read from the provider's cache; the price of `input` if not given."""
    batch_discount: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the price that a batch API takes off."""


class Contract(Strict):
    """What a model takes.

    Attributes:
        sampling: which of temperature, top_p and top_k.
        sampling_at: with this version of the API only.
        sampling_with: with these values of `reasoning` only, `unset` being none given; with all if None.
        always: values that are taken with all, since they are what holds anyway.
        reasoning: values of `reasoning`, but for numbers.
        budget: a number of thinking tokens.
        max_tokens: the most that `max_tokens` may be.
        unstreamed: the most that it may be where the answer is not streamed, if not that of all models.
    """

    sampling: tuple[Literal["temperature", "top_p", "top_k"], ...] = ()
    sampling_at: str | None = None
    sampling_with: tuple[str, ...] | None = None
    always: dict[str, float] = Field(default_factory=dict)
    reasoning: tuple[str, ...]
    budget: bool = False
    max_tokens: int
    unstreamed: int | None = None


class ModelFacts(Strict):
    """A model.

    Attributes:
        contract: what it takes, by name; None if unknown.
        price: what it costs; None if unknown.
        shutdown: the day from which it is gone; None if none has been announced.
        instead: what its provider recommends then.
    """

    contract: str | None = None
    price: Price | None = None
    shutdown: date | None = None
    instead: str | None = None


class Facts(Strict):
    """The file.

    Attributes:
        as_of: when it was looked up.
        unstreamed: the most that Anthropic's SDK takes for `max_tokens` where an answer is not streamed.
        contracts: by name.
        models: by name; a dated name is looked up without its date.
    """

    as_of: date
    unstreamed: int
    contracts: dict[str, Contract]
    models: dict[str, ModelFacts]


@cache
def facts() -> Facts:
    """All that is known."""
    return Facts.model_validate(read_yaml(FILE, "as_of, contracts, models").content)


def model_facts(name: str) -> ModelFacts | None:
    """What is known of a model; `gpt-5-2025-08-07` and `claude-opus-4-5-20251101` are looked up without their dates."""
    name = name.lower()
    models = facts().models
    return models.get(name) or models.get(_DATE.sub("", name))


def contract_of(name: str) -> Contract | None:
    """What a model takes; None if unknown."""
    known = model_facts(name)
    return facts().contracts[known.contract] if known is not None and known.contract is not None else None
