"""Answers that arrive in pieces, put together to what the provider would have sent in one piece.

One assembly per protocol, each a pure function of the stream's events. What it makes is read, kept in the journal and
derived again by the same readers as any other response (`wire.py`). An answer counts only when its stream has come to
its own end: a stream that breaks off leaves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from ingestion.sampling.providers.base import ProviderError, TransientError, from_status

Event = Mapping[str, Any]

DONE: Event = {"type": "[DONE]"}
"""Stands for the mark that ends a stream of OpenAI's older APIs, which is no JSON."""

_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error would have had, had it been known before the stream began."""


class Assembly(Protocol):
    """Puts one answer together."""

    def add(self, event: Event) -> None:
        """Take the next event.

        Raises:
            ProviderError: if it says that the answer will not come.
        """

    def response(self) -> dict[str, Any] | None:
        """The response; None if the stream has not come to its end."""


class ChatAssembly:
    """Chat completions: deltas of the first choice; the tokens come with the last event, and then `DONE`.

    A finish reason alone is no end: where the stream breaks off behind it, what the answer cost is lost. Of the two
    that follow one is enough, since some servers tell no tokens, and others leave out the mark.
    """

    kind = "chat.completion"

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}
        self._pieces: dict[str, list[str]] = {}
        self._message: dict[str, Any] = {}
        self._choice: dict[str, Any] = {"index": 0}
        self._logprobs: dict[str, list[Any]] = {}
        self._is_done = False

    def add(self, event: Event) -> None:
        """See `Assembly.add`."""
        if event is DONE:
            self._is_done = True
            return
        self._told |= {name: value for name, value in event.items() if name != "choices" and value is not None}
        for choice in event.get("choices") or []:
            if choice.get("index", 0) == 0:
                self._add(choice)

    def _add(self, choice: Event) -> None:
        told = {name: value for name, value in choice.items() if name not in ("delta", "text", "logprobs")}
        self._choice |= {name: value for name, value in told.items() if value is not None}
        for name, value in (choice.get("logprobs") or {}).items():
            self._logprobs.setdefault(name, []).extend(value or [])
        delta = choice.get("delta") or {name: choice[name] for name in ("text",) if name in choice}
        for name, value in delta.items():
            if isinstance(value, str) and name != "role":
                self._pieces.setdefault(name, []).append(value)
            elif isinstance(value, list):
                self._message.setdefault(name, []).extend(value)
            elif value is not None or name not in self._message:
                self._message[name] = value

    def response(self) -> dict[str, Any] | None:
        """See `Assembly.response`."""
        if "finish_reason" not in self._choice or not (self._is_done or "usage" in self._told):
            return None
        message = self._message | {name: "".join(pieces) for name, pieces in self._pieces.items()}
        choice = self._choice | self._said(message) | ({"logprobs": self._logprobs} if self._logprobs else {})
        return self._told | {"object": self.kind, "choices": [choice]}

    def _said(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"message": {"content": None} | message}


class CompletionAssembly(ChatAssembly):
    """Completions: pieces of a text."""

    kind = "text_completion"

    def _said(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"text": ""} | message


class ResponsesAssembly:
    """The responses API: the last event holds the whole response."""

    def __init__(self) -> None:
        self._response: dict[str, Any] | None = None

    def add(self, event: Event) -> None:
        """See `Assembly.add`."""
        if event.get("type") in ("response.completed", "response.incomplete", "response.failed"):
            self._response = dict(event["response"])
        elif event.get("type") == "error":
            raise stream_error(event)

    def response(self) -> dict[str, Any] | None:
        """See `Assembly.response`."""
        return self._response


class MessageAssembly:
    """Anthropic's messages: blocks, each in pieces; counts of tokens are cumulative, and the last ones hold."""

    _GROWS = ("text", "thinking", "signature", "partial_json")

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}
        self._has_ended = False

    def add(self, event: Event) -> None:
        """See `Assembly.add`."""
        kind = event.get("type")
        if kind == "message_start":
            self._message = dict(event["message"])
        elif kind == "content_block_start":
            self._blocks[event["index"]] = dict(event["content_block"])
        elif kind == "content_block_delta":
            self._grow(event["index"], event["delta"])
        elif kind == "message_delta":
            usage = {name: value for name, value in (event.get("usage") or {}).items() if value is not None}
            self._message |= event["delta"] | {"usage": (self._message.get("usage") or {}) | usage}
        elif kind == "message_stop":
            self._has_ended = True

    def _grow(self, index: int, delta: Event) -> None:
        for name, value in delta.items():
            if name in self._GROWS:
                self._pieces.setdefault((index, name), []).append(value)
            elif name == "citation":
                self._blocks[index]["citations"] = [*(self._blocks[index].get("citations") or []), value]

    def response(self) -> dict[str, Any] | None:
        """See `Assembly.response`."""
        if not self._has_ended or not self._message:
            return None
        for (index, name), pieces in self._pieces.items():
            self._blocks[index][name] = str(self._blocks[index].get(name) or "") + "".join(pieces)
        self._pieces.clear()
        return self._message | {"content": [self._blocks[index] for index in sorted(self._blocks)]}


def assembled(assembly: Assembly) -> str:
    """The response as the JSON that it would have been.

    Raises:
        TransientError: if the stream broke off.
    """
    response = assembly.response()
    if response is None:
        raise TransientError("the stream broke off before the end of the answer")
    try:
        return msgspec.json.encode(response).decode()
    except UnicodeEncodeError:  # halves of surrogate pairs, which only Python's writer takes
        return json.dumps(response)


def stream_error(error: Any) -> ProviderError:
    """What an error that is told within a stream means; the status was 200 by then."""
    told = error.get("error", error) if isinstance(error, Mapping) else {}
    told = told if isinstance(told, Mapping) else {"message": told}
    names = [str(told[name]) for name in ("code", "type") if told.get(name)]
    status = next((status for name in names if (status := _status(name)) is not None), 500)
    return from_status(status, ", ".join([*names[:1], str(told.get("message") or error)]), {})


def _status(name: str) -> int | None:
    # vLLM and OpenRouter write the status itself for a code.
    return int(name) if name.isdecimal() and 400 <= int(name) < 600 else _STATUS_OF.get(name)


MakeAssembly = Callable[[], Assembly]
