"""Ids: hashes of canonical JSON, so that equal things get equal ids on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces.

    Raises:
        ValueError: if `value` holds NaN or an infinity, which are not JSON.
        TypeError: if `value` holds anything but JSON types.
    """
    return _ENCODER.encode(value)


def digest(value: Any, length: int = 16) -> str:
    """The first `length` hexadecimal digits of the SHA-256 of `value`'s canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:length]


def sample_id(
    *,
    task: str,
    model_id: str,
    condition_id: str,
    item_id: str,
    context_id: str,
    epoch: int,
    source: str,
    source_ref: str | None = None,
) -> str:
    """Id of a sample: 32 hexadecimal digits over its key, **including the epoch**.

    A key without the epoch would hand back one completion for all repeats and show a variance of zero.
    `source_ref`, the sample's own id in its source, keeps two runs of one condition apart, while a copy of a sample in
    a retried or recovered log gets the id of the original.
    """
    return digest([source, source_ref, task, model_id, condition_id, item_id, context_id, epoch], 32)


def answer_key_id(choices: Sequence[str] | None, target: str | None) -> str:
    """Id of an item's answer key: what makes two logs' equal item ids comparable. 12 hexadecimal digits."""
    return digest([list(choices) if choices is not None else None, target], 12)


def condition_id(prompt_format: str, settings: Mapping[str, Any]) -> str:
    """Id of a condition: its prompt format, readable, and 12 hexadecimal digits over all its settings."""
    return f"{prompt_format}-{digest([prompt_format, dict(settings)], 12)}"
