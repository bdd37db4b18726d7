"""What OpenAI and Anthropic answer with 400, judged from the request on the wire; the tests' servers ask it.

Written apart from `ingestion.sampling.spec.contracts`, which judges specs: the two share `models.yaml`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from warehouse.layout import PROJECT_ROOT

FACTS = PROJECT_ROOT / "ingestion" / "sampling" / "spec" / "models.yaml"
SAMPLING = ("temperature", "top_p", "top_k")


@cache
def _facts(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def refusal(path: str, headers: dict[str, str], body: dict[str, Any], *, is_batch: bool = False) -> str | None:
    """Why the vendor would answer 400; None if it would not."""
    facts = _facts(FACTS)
    if is_batch and ("stream" in body or "stream_options" in body):
        return "stream: not supported in batches"
    if body.get("n", 1) != 1:
        return "n: only one answer is wanted"
    if "stream_options" in body and (not body.get("stream") or path.endswith(("/messages", "/responses"))):
        return "stream_options: only allowed when stream is enabled"
    name = re.sub(r"-(\d{8}|\d{4}-\d\d-\d\d)$", "", str(body.get("model")))
    contract = facts["contracts"].get(facts["models"].get(name, {}).get("contract"))
    if path.endswith("/v1/completions") and contract is not None:
        return "This is a chat model and not supported in the v1/completions endpoint"
    if path.endswith("/messages"):
        longest = (contract or {}).get("unstreamed", facts["unstreamed"])
        if body["max_tokens"] > longest and not body.get("stream") and not is_batch:
            return "Streaming is required for operations that may take longer than 10 minutes"
        return _anthropic(headers.get("anthropic-version", ""), body, contract)
    return _openai(path, body, contract)


def _anthropic(version: str, body: dict[str, Any], contract: dict[str, Any] | None) -> str | None:
    sent = [name for name in SAMPLING if name in body]
    if sent and version == "2026-10-21":
        return f"{sent[0]}: Extra inputs are not permitted"
    thinking = body.get("thinking", {"type": "none sent"})
    if thinking["type"] == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        return "thinking.budget_tokens: from 1024 to below max_tokens"
    if contract is None:
        return None
    if body["max_tokens"] > contract["max_tokens"]:
        return "max_tokens: too many"
    if sent and not contract.get("sampling"):
        return f"{sent[0]} is not supported on this model"
    if thinking["type"] == "enabled" and not contract.get("budget"):
        return "thinking.type enabled is not supported on this model"
    if thinking["type"] == "disabled" and "none" not in contract["reasoning"]:
        return "thinking cannot be disabled"
    if thinking["type"] == "adaptive" and "adaptive" not in contract["reasoning"]:
        return "adaptive thinking is not supported on this model"
    effort = body.get("output_config", {}).get("effort")
    if effort is not None and effort not in contract["reasoning"]:
        return f"output_config.effort: {effort}"
    if thinking["type"] in ("enabled", "adaptive") and (body.get("temperature", 1) != 1 or "top_k" in body):
        return "temperature may only be 1 when thinking is enabled"
    if thinking["type"] in ("enabled", "adaptive") and "top_p" in body:
        return "top_p must not be set when thinking is enabled"
    return None


def _openai(path: str, body: dict[str, Any], contract: dict[str, Any] | None) -> str | None:
    if contract is None:
        return None
    if "top_k" in body:
        return "Unknown parameter: 'top_k'"
    effort = body.get("reasoning_effort") or body.get("reasoning", {}).get("effort")
    if effort is not None and effort not in contract["reasoning"]:
        return f"Unsupported value: reasoning effort {effort!r}"
    limit = body.get("max_completion_tokens") or body.get("max_output_tokens") or body.get("max_tokens") or 0
    if limit > contract["max_tokens"]:
        return "max_tokens is too large"
    efforts = contract["reasoning"]
    reasons_unless_told = "max" in efforts or (bool(efforts) and "none" not in efforts)
    is_reasoning = reasons_unless_told if effort is None else effort != "none"
    if is_reasoning and body.get("temperature", 1) != 1:
        return "Unsupported value: 'temperature' does not support it with this model"
    if is_reasoning and "top_p" in body:
        return "Unsupported parameter: 'top_p' is not supported with this model"
    return None
