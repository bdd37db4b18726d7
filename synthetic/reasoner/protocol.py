"""OpenAI's chat protocol, as far as the family behind it goes: what a request asks for, and how it is answered."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from synthetic.reasoner.batching import Ask, Settings
from synthetic.reasoner.data import MAX_COMPLETION_TOKENS
from synthetic.reasoner.generate import Generation
from synthetic.reasoner.task import BUDGETS, PromptError, encode_prompt

MAX_TEMPERATURE = 2.0


class RequestError(ValueError):
    """A request that cannot be served.

    Attributes:
        status: of the response.
        param: the field that is wrong, if one is.
    """

    def __init__(self, message: str, param: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


def parse_ask(body: Any) -> Ask:
    """What a chat request asks for.

    Fields that are read: messages, seed (random if missing), temperature (1 if missing), max_tokens or
    max_completion_tokens, reasoning_effort (low, medium, high), n (1), stream (false). Others are ignored, as other
    compatible servers do.

    Raises:
        RequestError: names the field, the value and the fix.
    """
    if not isinstance(body, Mapping):
        raise RequestError("the body is no JSON object")
    if body.get("stream"):
        raise RequestError("stream: is not offered; leave it out", "stream")
    if body.get("n") not in (None, 1):
        raise RequestError(f"n: got {body['n']!r}; send one request for each completion", "n")
    budget = body.get("reasoning_effort")
    if budget is not None and budget not in BUDGETS:
        raise RequestError(f"reasoning_effort: got {budget!r}; use one of {', '.join(BUDGETS)}", "reasoning_effort")
    temperature = body.get("temperature")
    temperature = 1.0 if temperature is None else temperature
    if not _is_number(temperature) or not 0 <= temperature <= MAX_TEMPERATURE:
        raise RequestError(f"temperature: got {temperature!r}; use a number from 0 to {MAX_TEMPERATURE}", "temperature")
    limit_field = "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"
    limit = body.get(limit_field)
    limit = MAX_COMPLETION_TOKENS if limit is None else limit
    if not _is_integer(limit) or limit < 1:
        raise RequestError(f"{limit_field}: got {limit!r}; use a whole number of at least 1", limit_field)
    seed = body.get("seed")
    seed = secrets.randbits(63) if seed is None else seed
    if not _is_integer(seed):
        raise RequestError(f"seed: got {seed!r}; use a whole number", "seed")
    prompt = "\n".join(_texts(body.get("messages")))
    try:
        encode_prompt(prompt, budget)
    except PromptError as error:
        raise RequestError(f"messages: {error}", "messages") from error
    return Ask(prompt, seed, Settings(float(temperature), min(limit, MAX_COMPLETION_TOKENS), budget))


def _texts(messages: Any) -> list[str]:
    if not isinstance(messages, list) or not messages:
        raise RequestError("messages: got none; send the prompt as one user message", "messages")
    texts = []
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, list):
            parts = [part.get("text") if isinstance(part, Mapping) else None for part in content]
            texts_of_parts = [part for part in parts if isinstance(part, str)]
            content = "\n".join(texts_of_parts) if len(texts_of_parts) == len(parts) else None
        if not isinstance(content, str):
            raise RequestError("messages: every message needs a text as its content", "messages")
        texts.append(content)
    return texts


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def chat_completion(model: str, generation: Generation) -> dict[str, Any]:
    """A generation as OpenAI's chat completion object; the reasoning is in the message's `reasoning_content`."""
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": generation.text,
                    "reasoning_content": generation.reasoning,
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": generation.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": generation.n_prompt_tokens,
            "completion_tokens": generation.n_output_tokens,
            "total_tokens": generation.n_prompt_tokens + generation.n_output_tokens,
            "completion_tokens_details": {"reasoning_tokens": generation.n_reasoning_tokens},
        },
    }


def error_object(error: RequestError) -> dict[str, Any]:
    """A refusal as OpenAI's error object."""
    kind = "invalid_request_error" if error.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    return {"error": {"message": str(error), "type": kind, "param": error.param, "code": None}}
