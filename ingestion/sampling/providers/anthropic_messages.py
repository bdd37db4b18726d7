"""Anthropic's messages API: thinking budgets and effort.

Where `max_tokens` is so large that an answer may take longer than ten minutes, it is streamed, as the SDK demands.
"""

from __future__ import annotations

from typing import Any

import anthropic

from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.sdk import SdkProvider
from ingestion.sampling.providers.streams import MessageAssembly
from ingestion.sampling.spec.experiment import Limits
from ingestion.sampling.spec.providers import ProviderSpec


class AnthropicMessages(SdkProvider[anthropic.AsyncAnthropic]):
    """The messages API. It takes no seed."""

    path = "/v1/messages"
    make_assembly = MessageAssembly
    takes_seed = False

    def __init__(self, provider: ProviderSpec, limits: Limits) -> None:
        super().__init__(anthropic, anthropic.AsyncAnthropic, provider, limits)

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
