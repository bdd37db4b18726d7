"""Whether a model takes what a condition asks for, told before anybody is asked: field, value and fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingestion.sampling.spec.models import NEWEST_ANTHROPIC_VERSION, Contract, contract_of

OLDER_ANTHROPIC_VERSION = "2023-06-01"
LEAST_BUDGET = 1024
"""Thinking tokens that Anthropic takes at least."""


@dataclass(frozen=True)
class Asked:
    """What requests of a condition ask of a model.

    Attributes:
        model: its name in requests.
        kind: kind of its provider.
        api: which of OpenAI's APIs.
        anthropic_version: version of Anthropic's API; None for the SDK's own.
        prompt_format: choice, probability or open_ended.
        reasoning: an effort, or a number of thinking tokens.
        sampling: temperature, top_p and top_k, None where not given.
        max_tokens: limit on output tokens.
    """

    model: str
    kind: str
    api: str
    anthropic_version: str | None
    prompt_format: str
    reasoning: str | int | None
    sampling: Mapping[str, float | None]
    max_tokens: int | None

    @property
    def given(self) -> dict[str, float]:
        """The sampling parameters that are sent."""
        return {name: value for name, value in self.sampling.items() if value is not None}


def broken_terms(asked: Asked) -> Iterator[str]:
    """What is not taken, each as "field: value; fix": first by the kind of provider, then by the model."""
    yield from _of_api(asked)
    if asked.kind not in ("openai", "anthropic"):
        return
    contract = contract_of(asked.model)
    if contract is not None:
        yield from _sampling(asked, contract)
        yield from _reasoning(asked, contract)
        if asked.max_tokens is not None and asked.max_tokens > contract.max_tokens:
            yield f"max_tokens: is {asked.max_tokens}; {asked.model!r} writes at most {contract.max_tokens}: lower it"
    elif asked.kind == "anthropic" and asked.anthropic_version != OLDER_ANTHROPIC_VERSION:
        yield from (f"{name}: is {value:g}; {_by_version(asked)}" for name, value in asked.given.items())


def _of_api(asked: Asked) -> Iterator[str]:
    reasoning, model = asked.reasoning, asked.model
    if asked.api == "completions":
        if asked.prompt_format != "choice":
            yield f"prompt_format: is {asked.prompt_format!r}; through completions {model!r} is asked for a choice"
        if reasoning is not None:
            yield f"reasoning: is {reasoning!r}; completions take none: drop it for {model!r}"
    if isinstance(reasoning, int) and asked.kind in ("openai", "openai_compatible"):
        yield (
            f"reasoning: {reasoning} is a token budget, and {model!r} takes an effort; "
            "use low, medium or high, or a field of the server in extra_body"
        )
    if asked.kind != "anthropic":
        if reasoning == "adaptive":
            yield f"reasoning: adaptive is Anthropic's; use low, medium or high for {model!r}"
        if asked.kind == "openai" and "top_k" in asked.given:
            yield f"top_k: OpenAI has no top-k sampling; drop it for {model!r}"
        return
    if isinstance(reasoning, int) and not LEAST_BUDGET <= reasoning < (asked.max_tokens or 0):
        yield (
            f"reasoning: {reasoning} thinking tokens; Anthropic takes from {LEAST_BUDGET} to below max_tokens "
            f"(now {asked.max_tokens}); raise max_tokens"
        )
    if asked.max_tokens is None:
        yield f"max_tokens: Anthropic needs a limit on output tokens; set one for {model!r}"


def _sampling(asked: Asked, contract: Contract) -> Iterator[str]:
    effort = "unset" if asked.reasoning is None else str(asked.reasoning)
    for name, value in asked.given.items():
        is_of_version = contract.sampling_at is None or asked.anthropic_version == contract.sampling_at
        if contract.always.get(name) == value and is_of_version:
            continue
        if name not in contract.sampling:
            yield f"{name}: is {value:g}; {asked.model!r} takes none: drop it for this model"
        elif not is_of_version:
            yield f"{name}: is {value:g}; {_by_version(asked)}"
        elif contract.sampling_with is not None and effort not in contract.sampling_with:
            fix = "drop reasoning" if "unset" in contract.sampling_with else "set reasoning: none"
            yield f"{name}: is {value:g}; {asked.model!r} takes it only while it does not reason: drop it, or {fix}"


def _reasoning(asked: Asked, contract: Contract) -> Iterator[str]:
    takes = ", ".join(contract.reasoning)
    if isinstance(asked.reasoning, int):
        if not contract.budget:
            fix = f"use {takes}" if takes else "drop it"
            yield f"reasoning: is {asked.reasoning}; {asked.model!r} takes no number of thinking tokens: {fix}"
    elif asked.reasoning is not None and asked.reasoning not in contract.reasoning:
        also = " or a number of thinking tokens" if contract.budget else ""
        fix = f"use {takes}{also}" if takes or also else "drop it, this model does not reason"
        yield f"reasoning: is {asked.reasoning!r}; {asked.model!r} does not take it: {fix}"


def _by_version(asked: Asked) -> str:
    return (
        f"version {NEWEST_ANTHROPIC_VERSION} of Anthropic's API takes none: drop it, or, if {asked.model!r} still "
        f"takes it, set anthropic_version: {OLDER_ANTHROPIC_VERSION} for its provider"
    )
