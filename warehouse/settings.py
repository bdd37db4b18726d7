"""What of a condition's settings is published, and how they are told apart without being shown.

What a person maps or asks for is published. What a tool logs by itself may hold anything, from a user's name to an
internal address, so its texts are published only under names that are known to tell conditions apart; others are shown
as a keyed hash, which tells them apart as well. Numbers, yes and no are published. Everything passes
`warehouse.secrets`, names too.
"""

from __future__ import annotations

import json
import re
from typing import Any

from warehouse.keys import canonical_json
from warehouse.secrets import masked, without_secrets

LOGGED_BY_TOOLS = ("inspect", "lm_eval", "swe_bench")
"""Sources whose settings nobody chose to hand over."""

STRUCK_OUT = "(struck out)"

_SECRET_NAME = re.compile(
    r"(api|access|auth|bearer|secret|private|account)[-_]?(key|token)|passw(or)?d|secret|credential|authorization"
    r"|^(x-)?headers?$|^token$|^extra_headers$",
    re.IGNORECASE,
)

_PUBLISHED = frozenset(
    {
        # what every condition has
        *("prompt_format", "task_version", "solver", "harness", "output_type", "version", "revision", "model_revision"),
        # generation
        *("effort", "reasoning", "reasoning_effort", "reasoning_history", "reasoning_mode", "reasoning_summary"),
        *("verbosity", "modalities", "internal_tools", "fallback_models", "stop", "stop_seqs", "until", "tool_choice"),
        *("type", "sampler", "decoding", "guided_decoding", "response_format", "truncation", "service_tier"),
        # the prompt
        *(
            "system_message",
            "system_instruction",
            "system_prompt",
            "template",
            "prompt",
            "prompt_template",
            "cot_prompt",
        ),
        *("chat_template", "description", "target_delimiter", "fewshot_delimiter", "gen_prefix", "assistant_prefix"),
        *(
            "use_prompt",
            "doc_to_text",
            "doc_to_choice",
            "doc_to_target",
            "prompt_style",
            "prompt_type",
            "style",
            "format",
        ),
        *("fewshot", "few_shot", "shots", "choices", "instruction", "instructions", "cot", "scratchpad"),
        # the task's arguments
        *("dataset", "dataset_name", "subset", "split", "subject", "subjects", "category", "categories", "domain"),
        *("language", "lang", "languages", "difficulty", "level", "levels", "mode", "variant", "config", "config_name"),
        *("task", "tasks", "eval_name", "name", "track", "scorer", "grader", "metric", "strategy", "agent", "tools"),
        *("model", "grader_model", "judge_model", "scorer_model", "model_role", "size", "setting", "condition"),
        # the model's
        *(
            "dtype",
            "quantization",
            "load_in",
            "attn_implementation",
            "backend",
            "tokenizer",
            "pretrained",
            "peft",
            "delta",
        ),
        *("add_bos_token", "trust_remote_code", "think_end_token", "enable_thinking", "kv_cache_dtype", "rope_scaling"),
    }
)
"""Names under which a tool's texts are published."""


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name is a secret whatever its value."""
    return _SECRET_NAME.search(name) is not None


def published_settings(settings: str, source: str) -> str:
    """Settings as they are published.

    Args:
        settings: JSON, as raw.conditions has it.
        source: which door they came through.
    """
    try:
        value = json.loads(settings)
    except ValueError:
        return canonical_json(masked(settings))
    return canonical_json(_published(value, "", is_chosen=source not in LOGGED_BY_TOOLS))


def without_texts(settings: str) -> str:
    """Published settings of a condition under which a withheld task was asked: texts that could be its own, as hashes.

    Args:
        settings: from `published_settings`.
    """
    return canonical_json(_without_texts(json.loads(settings)))


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_texts(inner) for inner in value]
    is_text = isinstance(value, str) and len(value) > _LONGEST_WORDS and not _IS_NAME.fullmatch(value)
    return _hash_of(value) if is_text else value


def _published(value: Any, name: str, *, is_chosen: bool) -> Any:
    if names_a_secret(name):
        return STRUCK_OUT
    if isinstance(value, dict):
        return {without_secrets(key): _published(inner, key, is_chosen=is_chosen) for key, inner in value.items()}
    if isinstance(value, list):
        return [_published(inner, name, is_chosen=is_chosen) for inner in value]
    if not isinstance(value, str):
        return value
    return without_secrets(value) if is_chosen or name in _PUBLISHED else _hash_of(value)


def _hash_of(text: str) -> str:
    """A text as what tells it from others: a long one's hash without how it begins."""
    found = _IS_HASH.fullmatch(text)
    return found[1] if found else masked(text)


_LONGEST_WORDS = 24
_IS_NAME = re.compile(r"[A-Za-z0-9_./:@+=-]+")
"""Of a file, a revision, a model: nothing that asks or answers."""

_IS_HASH = re.compile(r"(sha256:[0-9a-f]{16}, \d+ characters|\(struck out\)|\(secret [0-9a-f]{12}\))(?:: .*)?")
"""Long texts and secrets as `ingestion.conditions` keeps them."""
