"""One sample of an Inspect log as rows of the raw contract. Pure: structs in, dictionaries out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingestion import answers
from ingestion.logs.inspect.scores import ScorerChoice, graded_outcome
from ingestion.logs.inspect.shuffle import is_shuffled, shuffled_order
from ingestion.logs.inspect.types import Choice, Header, Sample, Usage
from ingestion.logs.inspect.unit_tests import test_rows
from ingestion.logs.json_text import decode_object
from ingestion.logs.records import Row, Unreadable
from ingestion.text import clip, clip_key
from warehouse.keys import answer_key_id, sample_id

LONGEST_ERROR = 2_000
"""Characters of an error message that are kept."""

_REFUSALS = ("content_filter", "refusal")
_SUBJECT = ("subject", "category", "topic", "domain")
_SUBSET = ("subset", "split", "dataset", "set")
_DIFFICULTY = ("human_difficulty", "difficulty", "level")


@dataclass(frozen=True)
class RunContext:
    """What all samples of a log share.

    Attributes:
        header: the log's header.
        run_status: how the run ended, a value of `RUN_STATUSES`.
        prompt_format: choice, probability or open_ended.
        condition_id: id of the run's condition.
        temperature: sampling temperature of the run.
        seed: seed of the run.
        n_completions: completions asked for per call.
        scorer: the scorer that is read; decides itself at the first sample with scores.
        answer_keys: by item id, choices and targets, the answer key's id; grows as samples are read, so that an item is
            handed over once and not once for each epoch.
    """

    header: Header
    run_status: str
    prompt_format: str
    condition_id: str
    temperature: float | None
    seed: int | None
    n_completions: int
    scorer: ScorerChoice
    answer_keys: dict[tuple[Any, ...], str] = field(default_factory=dict)


def sample_rows(sample: Sample, context: RunContext) -> Iterator[Row | Unreadable]:
    """The sample's item, the sample itself (one for each completion of its call), and its unit tests.

    With several completions per call (`num_choices` K), completion j of epoch e becomes epoch (e − 1)·K + j. The call's
    tokens, cost and latency belong to all of them together, so they are NULL; its score belongs to the first alone.
    """
    completions: list[Choice | None] = list(sample.output.choices) or [None]
    n_completions = max(context.n_completions, len(completions))
    _check(sample, n_completions)
    item_id, choices = clip_key(str(sample.id), 1_000), sample.choices or None
    content = (item_id, tuple(choices or ()), *sample.targets)
    is_new = content not in context.answer_keys
    if is_new:
        context.answer_keys[content] = answer_key_id(choices, _target_text(sample))
    base = {
        "task": context.header.eval.task,
        "item_id": item_id,
        "answer_key_id": context.answer_keys[content],
    }
    if is_new:
        yield Row("items", base | _item(sample, choices))

    shuffled = is_shuffled(sample.scores or {})
    order = shuffled_order(sample.scores or {}, choices or []) if shuffled and len(completions) > 1 else None
    for position, completion in enumerate(completions):
        if position and shuffled and order is None:
            yield Unreadable(
                place=f"sample {base['item_id']}, epoch {sample.epoch}, completion {position + 1}",
                reason="its options were shuffled, and the scorer's explanation does not tell in which order; shuffle "
                "the dataset (shuffle_choices) instead of the prompt",
            )
            continue
        values = base | _keys(sample, context, base, (sample.epoch - 1) * n_completions + position + 1)
        values |= _outcome(sample, context, completion, position, n_choices=len(choices or []), shuffled=shuffled)
        if position and order is not None and values["choice_index"] is not None:
            index = order[values["choice_index"]]
            values |= {"choice_index": index, "answer": answers.option_letter(index)}
        values |= _measures(sample, alone=len(completions) == 1 and n_completions == 1)
        yield Row("samples", values)
        if position == 0:
            for test in test_rows(sample):
                yield Row("test_outcomes", {"sample_id": values["sample_id"], "task": base["task"], **test})


def _check(sample: Sample, n_completions: int) -> None:
    if not (sample.epoch >= 1 and sample.epoch * n_completions < 2**31):
        raise ValueError(f"epoch is {sample.epoch}; it must count from 1 and stay under {2**31}")
    if str(sample.id) == "":
        raise ValueError("id is empty; give every sample of the dataset an id")


def _target_text(sample: Sample) -> str:
    return ", ".join(sample.targets)


def _item(sample: Sample, choices: list[str] | None) -> dict[str, Any]:
    metadata = decode_object(sample.metadata)
    index = None if choices is None else answers.target_index(sample.targets, choices)
    return {
        "subset": _label(metadata, _SUBSET),
        "subject": _label(metadata, _SUBJECT),
        "human_difficulty": _label(metadata, _DIFFICULTY),
        "question": clip(_question(sample), 1_000_000),
        "choices": choices,
        "target_index": index,
        "target_text": _target_text(sample) if choices is None or index is None else choices[index],
        "n_choices": None if choices is None else len(choices),
    }


def _question(sample: Sample) -> str:
    if isinstance(sample.input, str):
        text = sample.input
    else:
        said = [message.text for message in sample.input if message.role == "user"]
        text = said[-1] if said else ""
    if text.startswith("attachment://"):
        attachments = decode_object(sample.attachments)
        text = str(attachments.get(text.removeprefix("attachment://"), text))
    return text


def _label(metadata: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = metadata.get(name)
        if isinstance(value, str) and value:
            return clip(value, 500)
    return None


def _keys(sample: Sample, context: RunContext, base: dict[str, str], epoch: int) -> dict[str, Any]:
    run_id = context.header.eval.eval_id or context.header.eval.run_id
    source_ref = clip_key(sample.uuid or f"{run_id}/{sample.id}/{sample.epoch}", 1_000)
    key = {
        "task": base["task"],
        "model_id": context.header.eval.model,
        "condition_id": context.condition_id,
        "item_id": base["item_id"],
        "context_id": "none",
        "epoch": epoch,
    }
    return {
        **key,
        "sample_id": sample_id(**key, source="inspect", source_ref=source_ref),  # type: ignore[arg-type]
        "source_ref": source_ref,
        "run_id": run_id,
        "run_status": context.run_status,
        "served_model": clip(sample.output.model, 500) if sample.output.model else None,
        "temperature": context.temperature,
        "seed": context.seed,
    }


def _outcome(
    sample: Sample, context: RunContext, completion: Choice | None, position: int, *, n_choices: int, shuffled: bool
) -> dict[str, Any]:
    """What the model answered, and what became of the sample."""
    scores = sample.scores if position == 0 else None
    score = context.scorer.of(scores or {})
    text = "" if completion is None else completion.message.text
    if position == 0 and sample.output.completion:
        text = sample.output.completion
    stop_reason = completion.stop_reason if completion else None

    choice_index: int | None = None
    class_probs: list[float] | None = None
    answer = score.answer if score else None
    parsed = True
    if context.prompt_format == "probability" and n_choices:
        class_probs = answers.parse_probabilities(text, n_choices)
        answer = None if class_probs is None else ", ".join(map(repr, class_probs))
        parsed = class_probs is not None
    elif n_choices and len(sample.targets) <= 1:
        choice_index = _chosen(scores, text, n_choices, shuffled=shuffled)
        answer = None if choice_index is None else answers.option_letter(choice_index)
        parsed = choice_index is not None

    status, error = _status(sample, stop_reason, parsed=parsed)
    return {
        "status": status,
        "error": error,
        "choice_index": choice_index,
        "class_probs": class_probs,
        "score": graded_outcome(score, context.header, context.prompt_format) if score else None,
        "completion": clip(text, 10_000_000),
        "reasoning": clip(completion.message.reasoning_text or "", 10_000_000) or None if completion else None,
        "answer": clip(answer, 10_000) if answer else None,
        "finish_reason": clip(stop_reason, 100) if stop_reason else None,
    }


def _chosen(scores: Any, text: str, n_choices: int, *, shuffled: bool) -> int | None:
    scored = (scores or {}).get("choice")
    index = answers.option_index(scored.answer, n_choices) if scored and scored.answer else None
    # The first letter of a shuffled prompt is not the item's: only the scorer could map it back.
    return index if index is not None or (shuffled and scores) else answers.parse_letter(text, n_choices)


def _status(sample: Sample, stop_reason: str | None, *, parsed: bool) -> tuple[str, str | None]:
    invalidation = bytes(sample.invalidation)
    if sample.error is not None:
        return "error", clip(sample.error.message or "failed without a message", LONGEST_ERROR)
    if invalidation and invalidation != b"null":
        return "error", "the log's owner invalidated this sample"
    if sample.limit is not None:
        return "limit", clip(sample.limit.reason or f"{sample.limit.type} limit", LONGEST_ERROR)
    if stop_reason in _REFUSALS:
        return "refused", None
    return ("ok" if parsed else "format_failure"), None


def _measures(sample: Sample, *, alone: bool) -> dict[str, Any]:
    turns = [message for message in sample.messages if message.role == "assistant" and message.source != "input"]
    is_agent = len(turns) > 1 or any(message.tool_calls for message in turns)
    usages = (
        list(sample.model_usage.values()) if len(turns) > 1 else [sample.output.usage] if sample.output.usage else []
    )
    measures = _tokens(usages) if alone else {}
    return measures | {
        "n_actions": len(turns) if is_agent else None,
        "latency_s": _seconds(sample.total_time) if alone else None,
        "created_at": timestamp(sample.completed_at) or timestamp(sample.started_at),
    }


def _tokens(usages: list[Usage]) -> dict[str, Any]:
    cost = _sum([usage.total_cost for usage in usages])
    return {
        "input_tokens": _count(
            _sum([u.input_tokens for u in usages]),
            _sum([u.input_tokens_cache_read for u in usages]),
            _sum([u.input_tokens_cache_write for u in usages]),
        ),
        "output_tokens": _count(_sum([u.output_tokens for u in usages])),
        "reasoning_tokens": _count(_sum([u.reasoning_tokens for u in usages])),
        "cost_usd": float(cost) if cost is not None and 0 <= cost < 1e12 else None,
    }


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
