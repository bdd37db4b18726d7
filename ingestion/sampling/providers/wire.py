"""What is in a provider's verbatim response: one strict reader per protocol. Pure functions of text.

These readers are the validation of responses, in place of the SDKs' own. The SDKs' default turns an HTML page into a
string and `{}` into an object full of None; their strict mode refuses a completion over an unknown value of a field
that nobody reads (a new stop reason), which would throw away an answer that was paid for. Here a response counts if
what a sample is made of is there and of the right type, and everything else is left alone, verbatim, in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

S = TypeVar("S")


class InvalidResponseError(ValueError):
    """The response is no completion, whatever its status code said."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion, as its provider reports it.

    Attributes:
        text: the completion, without reasoning.
        reasoning: reasoning text, where it is returned.
        input_tokens: tokens read, cached ones included.
        cached_tokens: those of them that were read from the provider's cache.
        output_tokens: tokens written, reasoning tokens included.
        reasoning_tokens: None where not reported, never an estimate.
        finish_reason: as reported.
        served_model: as reported.
        is_refusal: the model, or a filter, declined to answer.
        system_fingerprint: the backend's configuration, as reported; None where the protocol has none.
    """

    text: str
    reasoning: str | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    finish_reason: str | None
    served_model: str | None
    is_refusal: bool
    system_fingerprint: str | None = None


class _Details(msgspec.Struct):
    reasoning_tokens: int | None = None
    thinking_tokens: int | None = None
    cached_tokens: int | None = None


class _ChatUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    completion_tokens_details: _Details | None = None
    prompt_tokens_details: _Details | None = None


class _ChatMessage(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None


class _ChatChoice(msgspec.Struct):
    message: _ChatMessage
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_ChatChoice]
    model: str | None = None
    usage: _ChatUsage | None = None
    system_fingerprint: Any = None


def read_chat(body: str) -> Reply:
    """A response of OpenAI's chat completions, and of the servers that speak it."""
    chat = _decode(body, _Chat)
    if not chat.choices:
        raise InvalidResponseError("the response has no choices")
    choice, usage = chat.choices[0], chat.usage or _ChatUsage()
    message = choice.message
    if message.content is None and message.refusal is None and choice.finish_reason is None:
        raise InvalidResponseError("the response has neither content nor a finish reason")
    # vLLM and DeepSeek say reasoning_content, newer vLLM and OpenRouter say reasoning.
    reasoning = message.reasoning_content or (message.reasoning if isinstance(message.reasoning, str) else None)
    return Reply(
        text=message.content or message.refusal or "",
        reasoning=reasoning or None,
        input_tokens=usage.prompt_tokens,
        cached_tokens=usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else None,
        finish_reason=choice.finish_reason,
        served_model=chat.model,
        is_refusal=bool(message.refusal) or choice.finish_reason == "content_filter",
        system_fingerprint=_text(chat.system_fingerprint),
    )


class _TextChoice(msgspec.Struct):
    text: str
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_TextChoice]
    model: str | None = None
    usage: _ChatUsage | None = None
    system_fingerprint: Any = None


def read_completion(body: str) -> Reply:
    """A response of OpenAI's completions API: a text that was continued."""
    completion = _decode(body, _Completion)
    if not completion.choices:
        raise InvalidResponseError("the response has no choices")
    choice, usage = completion.choices[0], completion.usage or _ChatUsage()
    return Reply(
        text=choice.text,
        reasoning=None,
        input_tokens=usage.prompt_tokens,
        cached_tokens=usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=None,
        finish_reason=choice.finish_reason,
        served_model=completion.model,
        is_refusal=choice.finish_reason == "content_filter",
        system_fingerprint=_text(completion.system_fingerprint),
    )


class _ResponsesUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Output(msgspec.Struct):
    type: str
    content: list[_Part] | None = None
    summary: list[_Part] | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Responses(msgspec.Struct):
    status: str
    output: list[_Output]
    model: str | None = None
    usage: _ResponsesUsage | None = None
    incomplete_details: _Incomplete | None = None
    error: Any = None


def read_responses(body: str) -> Reply:
    """A response of OpenAI's responses API."""
    response = _decode(body, _Responses)
    if response.status not in ("completed", "incomplete"):
        raise InvalidResponseError(f"the response's status is {response.status[:40]!r}: {str(response.error)[:300]}")
    said = [part for output in response.output if output.type == "message" for part in output.content or []]
    thought = [
        part.text
        for output in response.output
        if output.type == "reasoning"
        for part in [*(output.summary or []), *(output.content or [])]
        if part.text
    ]
    usage = response.usage or _ResponsesUsage()
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if response.status == "completed" and not said:
        raise InvalidResponseError("the response is complete and holds no message")
    return Reply(
        text="".join(part.text or part.refusal or "" for part in said),
        reasoning="\n\n".join(thought) or None,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.input_tokens_details.cached_tokens if usage.input_tokens_details else None,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.output_tokens_details.reasoning_tokens if usage.output_tokens_details else None,
        finish_reason=reason or response.status,
        served_model=response.model,
        is_refusal=reason == "content_filter" or any(part.refusal for part in said),
    )


class _MessageUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Block(msgspec.Struct):
    type: str
    text: str | None = None
    thinking: str | None = None


class _Message(msgspec.Struct):
    type: str
    content: list[_Block]
    model: str | None = None
    stop_reason: str | None = None
    usage: _MessageUsage | None = None


def read_message(body: str) -> Reply:
    """A response of Anthropic's messages API."""
    message = _decode(body, _Message)
    if message.type != "message" or (not message.content and message.stop_reason is None):
        raise InvalidResponseError(f"the response is a {message.type[:40]!r} without content or stop reason")
    usage = message.usage or _MessageUsage()
    read = usage.input_tokens
    if read is not None:  # Anthropic counts cached tokens apart
        read += (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    thought = [block.thinking for block in message.content if block.thinking]
    return Reply(
        text="".join(block.text or "" for block in message.content if block.type == "text"),
        reasoning="\n\n".join(thought) or None,
        input_tokens=read,
        cached_tokens=usage.cache_read_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else None,
        finish_reason=message.stop_reason,
        served_model=message.model,
        is_refusal=message.stop_reason == "refusal",
    )


class LocalResponse(msgspec.Struct):
    """What an in-process model returns, as it is kept in the journal."""

    text: str
    model: str
    reasoning: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    finish_reason: str | None = None


def read_local(body: str) -> Reply:
    """A response of an in-process model."""
    local = _decode(body, LocalResponse)
    return Reply(
        text=local.text,
        reasoning=local.reasoning or None,
        input_tokens=local.input_tokens,
        cached_tokens=None,
        output_tokens=local.output_tokens,
        reasoning_tokens=local.reasoning_tokens,
        finish_reason=local.finish_reason,
        served_model=local.model,
        is_refusal=False,
    )


READERS: dict[str, Callable[[str], Reply]] = {
    "openai.chat": read_chat,
    "openai.responses": read_responses,
    "openai.completions": read_completion,
    "anthropic.messages": read_message,
    "local": read_local,
}
"""Reader of a verbatim response by protocol. Each raises InvalidResponseError."""


def _text(value: Any) -> str | None:
    """A text of which no answer depends: what else stands there is no reason to refuse one."""
    return value if isinstance(value, str) and value else None


def _decode(body: str, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidResponseError(f"the response is not of the expected shape: {error}") from None
    except msgspec.DecodeError:
        pass
    # Python's reader also takes what some servers write although it is not JSON: NaN, and halves of surrogate pairs.
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidResponseError(f"the response is not JSON; it begins with {body[:60]!r}") from None
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise InvalidResponseError(f"the response is not of the expected shape: {error}") from None
