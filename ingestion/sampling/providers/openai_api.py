"""OpenAI's chat completions and responses APIs, and every server that speaks the former (vLLM, Ollama, llama.cpp).

The SDK's own retries are switched off (`max_retries=0`): inside the SDK a wait would hide an overload from the engine,
which slows down for all requests at once; and the SDK does not retry what fails with status 200.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import openai

from ingestion.sampling.providers.base import (
    Key,
    ProviderError,
    RejectedError,
    Request,
    TransientError,
    from_status,
)
from ingestion.sampling.spec import Limits, ProviderSpec

LONGEST_MESSAGE = 500


class _OpenAI(ABC):
    takes_seed = True

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        self._is_openai = provider.kind == "openai"
        self._key = Key(provider)
        self.client = openai.AsyncOpenAI(
            api_key=self._key.reveal(), base_url=provider.base_url, max_retries=0, timeout=limits.timeout_s
        )

    def strike_out(self, text: str) -> str:
        """`text` without the key."""
        return self._key.strike_out(text)

    def error(self, error: Exception) -> ProviderError:
        """What an exception of the SDK means, in words without secrets."""
        return provider_error(error, self._key)

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()

    async def ask(self, request: Request) -> str:
        """The verbatim body of one response; see `Provider.ask`."""
        try:
            return self._key.strike_out(await self._post(self.body(request)))
        except (openai.OpenAIError, ValueError, TypeError) as error:
            raise provider_error(error, self._key) from None

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


def provider_error(error: Exception, key: Key) -> ProviderError:
    """What an exception of the SDK means, in words without secrets."""
    message = key.strike_out(str(error))[:LONGEST_MESSAGE]
    if isinstance(error, openai.APIStatusError):
        return from_status(error.status_code, message, error.response.headers)
    if isinstance(error, openai.APITimeoutError):
        return TransientError("the request timed out")
    if isinstance(error, openai.APIConnectionError):
        cause = key.strike_out(str(error.__cause__ or ""))[:LONGEST_MESSAGE]
        return TransientError(f"the connection failed: {cause or message}")
    if isinstance(error, openai.APIError):
        return TransientError(message)
    return RejectedError(f"{type(error).__name__}: {message}")
