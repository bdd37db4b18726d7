"""OpenAI's chat completions, responses and completions APIs, and every server that speaks them (vLLM, Ollama, …)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import openai

from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.sdk import SdkProvider
from ingestion.sampling.spec.experiment import Limits, ProviderSpec


class _OpenAI(SdkProvider[openai.AsyncOpenAI], ABC):
    takes_seed = True

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        super().__init__(openai, openai.AsyncOpenAI, provider, limits)
        self._is_openai = provider.kind == "openai"

    async def ask(self, request: Request) -> str:
        """The verbatim body of one response; see `Provider.ask`."""
        try:
            return self.strike_out(await self._post(self.body(request)))
        except (openai.OpenAIError, ValueError, TypeError) as error:
            raise self.error(error) from None

    @abstractmethod
    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""

    @abstractmethod
    async def _post(self, body: dict[str, Any]) -> str:
        """The verbatim body of the response to one request."""


class OpenAIChat(_OpenAI):
    """Chat completions."""

    endpoint = "/v1/chat/completions"

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

    async def _post(self, body: dict[str, Any]) -> str:
        named = {"model": body["model"], "messages": body["messages"]}
        rest = {name: value for name, value in body.items() if name not in named}
        response = await self.client.chat.completions.with_raw_response.create(**named, extra_body=rest)
        return str(response.text)


class OpenAIResponses(_OpenAI):
    """The responses API. It takes no seed."""

    endpoint = "/v1/responses"
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

    async def _post(self, body: dict[str, Any]) -> str:
        named = {"model": body["model"], "input": body["input"]}
        rest = {name: value for name, value in body.items() if name not in named}
        response = await self.client.responses.with_raw_response.create(**named, extra_body=rest)
        return str(response.text)


CONTINUED = "\n\nRight answer:"
"""What a base model continues, as the few-shot examples have it. Part of the prompt: another wording is another API."""


class OpenAICompletions(_OpenAI):
    """The completions API, for base models: the turns are one text, and the answer is the rest of its last line."""

    endpoint = "/v1/completions"

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

    async def _post(self, body: dict[str, Any]) -> str:
        named = {"model": body["model"], "prompt": body["prompt"]}
        rest = {name: value for name, value in body.items() if name not in named}
        response = await self.client.completions.with_raw_response.create(**named, extra_body=rest)
        return str(response.text)
