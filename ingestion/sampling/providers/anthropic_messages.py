"""Anthropic's messages API: thinking budgets and effort.

The SDK's own retries are switched off, for the reasons in `openai_api`. The timeout is set on the client: without one,
the SDK refuses every request whose `max_tokens` might take longer than ten minutes.
"""

from __future__ import annotations

from typing import Any

import anthropic

from ingestion.sampling.providers.base import Key, ProviderError, RejectedError, Request, TransientError, from_status
from ingestion.sampling.spec import Limits, ProviderSpec

LONGEST_MESSAGE = 500


class AnthropicMessages:
    """The messages API. It takes no seed."""

    takes_seed = False

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        self._key = Key(provider)
        self.client = anthropic.AsyncAnthropic(
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
        body = self.body(request)
        named = {name: body.pop(name) for name in ("model", "messages", "max_tokens")}
        try:
            response = await self.client.messages.with_raw_response.create(**named, extra_body=body)
            return self._key.strike_out(await response.text())
        except (anthropic.AnthropicError, ValueError, TypeError) as error:
            raise provider_error(error, self._key) from None

    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""
        condition = request.condition
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": condition.max_tokens,
            "messages": [{"role": turn.role, "content": turn.text} for turn in request.turns if turn.role != "system"],
            "temperature": condition.temperature,
            "top_p": condition.top_p,
            "top_k": condition.top_k,
        }
        if system := "\n\n".join(turn.text for turn in request.turns if turn.role == "system"):
            body["system"] = system
        if isinstance(condition.reasoning, int):
            body["thinking"] = {"type": "enabled", "budget_tokens": condition.reasoning}
        elif condition.reasoning == "none":
            body["thinking"] = {"type": "disabled"}
        elif condition.reasoning is not None:
            body["thinking"] = {"type": "adaptive"}
            if condition.reasoning != "adaptive":
                body["output_config"] = {"effort": condition.reasoning}
        return {name: value for name, value in body.items() if value is not None} | condition.extra_body


def provider_error(error: Exception, key: Key) -> ProviderError:
    """What an exception of the SDK means, in words without secrets."""
    message = key.strike_out(str(error))[:LONGEST_MESSAGE]
    if isinstance(error, anthropic.APIStatusError):
        return from_status(error.status_code, message, error.response.headers)
    if isinstance(error, anthropic.APITimeoutError):
        return TransientError("the request timed out")
    if isinstance(error, anthropic.APIConnectionError):
        cause = key.strike_out(str(error.__cause__ or ""))[:LONGEST_MESSAGE]
        return TransientError(f"the connection failed: {cause or message}")
    if isinstance(error, anthropic.APIError):
        return TransientError(message)
    return RejectedError(f"{type(error).__name__}: {message}")
