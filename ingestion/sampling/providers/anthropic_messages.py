"""Anthropic's messages API: thinking budgets and effort.

The timeout is set on the client (`sdk.py`): without one, this SDK refuses every request whose `max_tokens` might take
longer than ten minutes.
"""

from __future__ import annotations

from typing import Any

import anthropic

from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.sdk import SdkProvider
from ingestion.sampling.spec.experiment import Limits, ProviderSpec


class AnthropicMessages(SdkProvider[anthropic.AsyncAnthropic]):
    """The messages API. It takes no seed."""

    takes_seed = False

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        super().__init__(anthropic, anthropic.AsyncAnthropic, provider, limits)

    async def ask(self, request: Request) -> str:
        """The verbatim body of one response; see `Provider.ask`."""
        body = self.body(request)
        named = {name: body.pop(name) for name in ("model", "messages", "max_tokens")}
        try:
            response = await self.client.messages.with_raw_response.create(**named, extra_body=body)
            return self.strike_out(await response.text())
        except (anthropic.AnthropicError, ValueError, TypeError) as error:
            raise self.error(error) from None

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
