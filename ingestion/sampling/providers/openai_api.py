"""OpenAI's chat completions, responses and completions APIs, and every server that speaks them (vLLM, Ollama, …)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import openai

from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.sdk import SdkProvider
from ingestion.sampling.providers.streams import ChatAssembly, CompletionAssembly, ResponsesAssembly
from ingestion.sampling.spec.experiment import Limits
from ingestion.sampling.spec.providers import ProviderSpec

PATIENCE_S = 10.0
"""Seconds until the question for shutdown dates is given up."""

STREAM_WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
"""A stream of these two APIs tells its tokens only if it is asked to."""


class _Stream(openai.AsyncStream[object]):
    """The SDK's stream, which ends at the mark `[DONE]` and where a connection ends alike; here it tells which."""

    is_done = False

    async def _iter_events(self) -> AsyncIterator[Any]:
        async for event in super()._iter_events():
            self.is_done |= event.data.startswith("[DONE]")
            yield event


class _OpenAI(SdkProvider[openai.AsyncOpenAI]):
    takes_seed = True
    stream_class = _Stream

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        super().__init__(openai, openai.AsyncOpenAI, provider, limits)
        self._is_openai = provider.kind == "openai"

    @property
    def endpoint(self) -> str:
        """Where requests of a batch are to go."""
        return f"/v1{self.path}"

    async def shutdown_dates(self) -> dict[str, date]:
        """See `TellsShutdowns.shutdown_dates`; other servers say nothing of it, and are not asked."""
        if not self._is_openai:
            return {}
        try:
            told = (await self.client.with_options(timeout=PATIENCE_S).models.list()).data
            days = {model.id: _day(model.shutdown_date) for model in told or []}
        # The SDK checks no types: of a proxy's models fields may be missing, or be anything.
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise self.error(error) from None
        return {name: day for name, day in days.items() if day is not None}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


class OpenAIChat(_OpenAI):
    """Chat completions."""

    path = "/chat/completions"
    make_assembly = ChatAssembly
    stream_options = STREAM_WITH_USAGE

    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""
        condition = request.condition
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": turn.role, "content": turn.text} for turn in request.turns],
            "seed": request.seed,
            "temperature": condition.temperature,
            "top_p": condition.top_p,
            "top_k": condition.top_k,
            "reasoning_effort": condition.reasoning,
            # Only OpenAI has renamed it; the other servers know the old name.
            "max_completion_tokens" if self._is_openai else "max_tokens": condition.max_tokens,
        }
        return {name: value for name, value in body.items() if value is not None} | condition.extra_body


class OpenAIResponses(_OpenAI):
    """The responses API. It takes no seed."""

    path = "/responses"
    make_assembly = ResponsesAssembly
    takes_seed = False

    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""
        condition = request.condition
        reasoning = None if condition.reasoning is None else {"effort": condition.reasoning}
        body: dict[str, Any] = {
            "model": request.model,
            "input": [{"role": turn.role, "content": turn.text} for turn in request.turns],
            "reasoning": reasoning,
            "temperature": condition.temperature,
            "top_p": condition.top_p,
            "max_output_tokens": condition.max_tokens,
            "store": False,
        }
        return {name: value for name, value in body.items() if value is not None} | condition.extra_body


CONTINUED = "\n\nRight answer:"
"""What a base model continues, as the few-shot examples have it. Part of the prompt: another wording is another API."""


class OpenAICompletions(_OpenAI):
    """The completions API, for base models: the turns are one text, and the answer is the rest of its last line."""

    path = "/completions"
    make_assembly = CompletionAssembly
    stream_options = STREAM_WITH_USAGE

    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""
        condition = request.condition
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": "\n\n".join(turn.text for turn in request.turns) + CONTINUED,
            "stop": ["\n"],
            "seed": request.seed,
            "temperature": condition.temperature,
            "top_p": condition.top_p,
            "top_k": condition.top_k,
            "max_tokens": condition.max_tokens,
        }
        return {name: value for name, value in body.items() if value is not None} | condition.extra_body
