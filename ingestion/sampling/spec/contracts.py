"""Whether a model takes what a condition asks for, told before anybody is asked: field, value and fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingestion.sampling.spec.models import NEWEST_ANTHROPIC_VERSION, Contract, contract_of, facts

OLDER_ANTHROPIC_VERSION = "2023-06-01"
LEAST_BUDGET = 1024
"""Thinking tokens that Anthropic takes at least."""


_OF_THE_SAMPLER = {
    "model": "set served_as for the model",
    "messages": "prompts are made from the task",
    "input": "prompts are made from the task",
    "prompt": "prompts are made from the task",
    "n": "set epochs",
    "seed": "every sample has a seed of its own, which follows from the experiment's: set that",
    "stream": "set stream for the provider",
    "stream_options": "set stream for the provider",
}
"""Fields of requests that cannot be set in `extra_body`, and what to do instead."""


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
        stream: whether answers are to be streamed; None where the spec does not say.
        is_batch: whether a batch API is asked.
        extra_body: further fields of the request, which take the place of others of the same name.
    """

    model: str
    kind: str
    api: str
    anthropic_version: str | None
    prompt_format: str
    reasoning: str | int | None
    sampling: Mapping[str, float | None]
    max_tokens: int | None
    stream: bool | None = None
    is_batch: bool = False
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, float]:
        """The sampling parameters that are sent."""
        return {name: value for name, value in self.sampling.items() if value is not None}


def most_unstreamed(kind: str, model: str) -> int | None:
    """The most that `max_tokens` may be where an answer is not streamed; None for no limit."""
    if kind != "anthropic":
        return None
    contract = contract_of(model)
    return facts().unstreamed if contract is None or contract.unstreamed is None else contract.unstreamed


def is_streamed(stream: bool | None, kind: str, model: str, max_tokens: int | None) -> bool:
    """Whether an answer is streamed: as the spec says, and by itself where it has to be."""
    most = most_unstreamed(kind, model)
    return stream if stream is not None else most is not None and (max_tokens or 0) > most


def broken_terms(asked: Asked) -> Iterator[str]:
    """What is not taken, each as "field: value; fix": first by the kind of provider, then by the model."""
    yield from _of_extra_body(asked)
    sent = _as_sent(asked)
    for line in _of_provider_and_model(sent):
        name = line.partition(":")[0]
        was, now = _values(asked), _values(sent)
        yield line if was.get(name) == now.get(name) else f"extra_body.{line}"


def _values(asked: Asked) -> dict[str, object]:
    return {"reasoning": asked.reasoning, "max_tokens": asked.max_tokens, **asked.sampling}


def _of_provider_and_model(asked: Asked) -> Iterator[str]:
    yield from _of_api(asked)
    yield from _of_stream(asked)
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
        if asked.kind == "openai" and contract_of(model) is not None:
            yield f"models: {model!r} is no base model, and cannot be asked through completions; use api: chat"
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


def _of_extra_body(asked: Asked) -> Iterator[str]:
    """Fields that the sampler itself sends: another value would give another sample than the one written down."""
    for name in asked.extra_body:
        if name in _OF_THE_SAMPLER:
            yield f"extra_body: {name!r} is not for {asked.model!r} to be told here; {_OF_THE_SAMPLER[name]}"


def _as_sent(asked: Asked) -> Asked:
    """What is asked for when `extra_body` has taken the place of other fields."""
    extra = asked.extra_body
    numbers = {name: value for name, value in extra.items() if isinstance(value, int | float)}
    return replace(
        asked,
        reasoning=_reasoning_in(extra) or asked.reasoning,
        sampling={name: numbers.get(name, value) for name, value in asked.sampling.items()},
        max_tokens=output_limit(asked.max_tokens, extra),
    )


_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def output_limit(max_tokens: int | None, extra_body: Mapping[str, Any]) -> int | None:
    """The limit on output tokens that holds: one in `extra_body` takes the place of the condition's; None for none."""
    told = [extra_body[name] for name in _LIMITS if isinstance(extra_body.get(name), int | float)]
    return int(told[0]) if told else max_tokens


def _reasoning_in(body: Mapping[str, Any]) -> str | int | None:
    """An effort, or a number of thinking tokens, by the names that the APIs have for them; None if there is none."""

    def inside(name: str) -> Mapping[str, Any]:
        value = body.get(name)
        return value if isinstance(value, Mapping) else {}

    thinking = inside("thinking")
    by_type = {"enabled": thinking.get("budget_tokens"), "disabled": "none", "adaptive": "adaptive"}
    efforts = (body.get("reasoning_effort"), inside("reasoning").get("effort"), inside("output_config").get("effort"))
    told = next((effort for effort in efforts if effort is not None), by_type.get(str(thinking.get("type"))))
    return told if isinstance(told, str | int) else None


def _of_stream(asked: Asked) -> Iterator[str]:
    most = most_unstreamed(asked.kind, asked.model)
    if asked.stream is False and not asked.is_batch and most is not None and (asked.max_tokens or 0) > most:
        yield (
            f"max_tokens: is {asked.max_tokens}, and the provider of {asked.model!r} has stream: false; above {most} "
            "answers have to be streamed: drop stream, or lower max_tokens"
        )


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
