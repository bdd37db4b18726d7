"""How long a sample of an Inspect log took: the tokens and turns of the model under test, and of nobody else.

A log adds up tokens by model (`model_usage`) and by role (`role_usage`); a grader's are among them. With a single turn
the call's own usage is the model's. With several, its calls are added up from the sample's events, leaving out what
scorers and other roles asked for; where the events were not kept, from the sums by model, less those of other roles.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ingestion.logs.inspect.types import Event, Sample, Usage
from ingestion.logs.json_text import BAD_JSON, decode

_SCORING = ("scorer", "scorers")


def measures(sample: Sample, model: str, own_roles: Collection[str], *, alone: bool) -> dict[str, Any]:
    """Tokens, cost, actions and times of a sample.

    Args:
        sample: the sample.
        model: the model under test, as the run names it.
        own_roles: other roles that the same model played.
        alone: whether the call gave one completion; of several, tokens and latency belong to all together.
    """
    turns = [message for message in sample.messages if message.role == "assistant" and message.source != "input"]
    is_agent = len(turns) > 1 or any(message.tool_calls for message in turns)
    measured: dict[str, Any] = {}
    if alone:
        usages = _of_all_calls(sample, model, own_roles) if len(turns) > 1 else [sample.output.usage]
        measured = _tokens([usage for usage in usages if usage is not None])
    return measured | {
        "n_actions": len(turns) if is_agent else None,
        "latency_s": _seconds(sample.total_time) if alone else None,
        "created_at": timestamp(sample.completed_at) or timestamp(sample.started_at),
    }


def _of_all_calls(sample: Sample, model: str, own_roles: Collection[str]) -> list[Usage | None]:
    try:
        calls = [] if bytes(sample.events) == b"null" else list(_calls(decode(sample.events, list[Event]), model))
    except BAD_JSON:
        calls = []
    if any(calls):
        return calls
    used = sample.model_usage
    # The one model may be named a little otherwise; another one is a grader.
    alike = [usage for name, usage in used.items() if len(used) == 1 and _last_name(name) == _last_name(model)]
    total = used.get(model) or (alike[0] if alike else None)
    return [total, *(usage.negated() for role, usage in (sample.role_usage or {}).items() if role in own_roles)]


def _last_name(model: str) -> str:
    return model.rpartition("/")[2].casefold()


def _calls(events: Iterable[Event], model: str) -> Iterator[Usage | None]:
    """Usage of each call of the model that was made neither for a role nor while scoring."""
    scoring: set[str | None] = set()
    n_open_steps = 0
    for event in events:
        if event.event == "span_begin" and (event.type in _SCORING or event.parent_id in scoring):
            scoring.add(event.id)
        elif event.event == "step" and event.type in _SCORING:
            n_open_steps += 1 if event.action == "begin" else -1
        elif event.event == "model" and event.model == model and not (event.role or n_open_steps):
            usage = event.output.usage if event.output else None
            yield None if event.span_id in scoring else usage


def _tokens(usages: list[Usage]) -> dict[str, Any]:
    used = usages[0] if len(usages) == 1 else _added(usages)
    cost = used.total_cost
    return {
        "input_tokens": _count(used.input_tokens, used.input_tokens_cache_read, used.input_tokens_cache_write),
        "output_tokens": _count(used.output_tokens),
        "reasoning_tokens": _count(used.reasoning_tokens),
        "cost_usd": float(cost) if cost is not None and 0 <= cost < 1e12 else None,
    }


def _added(usages: list[Usage]) -> Usage:
    return Usage(**{name: _sum([getattr(usage, name) for usage in usages]) for name in Usage.__struct_fields__})


def _sum(values: list[Any]) -> Any:
    """The sum of what was reported, None if nothing was: a model that does not reason reports no reasoning tokens."""
    reported = [value for value in values if value is not None]
    return sum(reported) if reported else None


def _count(first: int | None, *others: int | None) -> int | None:
    if first is None:
        return None
    total = first + sum(other or 0 for other in others)
    return total if 0 <= total < 2**63 else None


def _seconds(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def timestamp(text: str | None) -> datetime | None:
    """An ISO 8601 time, taken as UTC where it names no zone; None if it is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
