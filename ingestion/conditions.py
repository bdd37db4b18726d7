"""What a run held fixed, from any tool's settings: a row of `raw.conditions`.

Two runs share a condition only if everything that can change an answer is equal, so readers hand over all settings and
leave out by name what cannot change one. Long texts are kept as their hash, with the first few words, by which people
know them. What is a secret by its name is struck out, so that a new key makes no new condition; what looks like one is
kept as its keyed hash (`warehouse.secrets`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from warehouse.keys import canonical_json, condition_id, digest
from warehouse.secrets import without_secrets
from warehouse.settings import STRUCK_OUT, names_a_secret

_LONGEST_TEXT, _BEGINNING = 200, 20


def settings_row(
    prompt_format: str, settings: Mapping[str, Any], generation: Mapping[str, Any], n_shots: int | None
) -> dict[str, Any]:
    """The row of `raw.conditions`.

    Args:
        prompt_format: choice, probability or open_ended.
        settings: everything that was held fixed, as JSON; makes the condition's id.
        generation: the sampling settings in force (`temperature`, `top_p`, `top_k`, `max_tokens`, `reasoning_effort`,
            `reasoning_tokens`); make the columns and the label.
        n_shots: few-shot examples in the prompt, None if unknown.
    """
    tidied = _tidy(settings, "", _hashed)
    budget = _budget(generation)
    values = {
        "prompt_format": prompt_format,
        "reasoning_budget": budget[1] if budget else None,
        "n_shots": n_shots,
        "temperature": number(generation.get("temperature")),
        "top_p": number(generation.get("top_p")),
        "top_k": integer(generation.get("top_k"), 2**31),
        "max_tokens": integer(generation.get("max_tokens"), 2**63),
    }
    return {
        "condition_id": condition_id(prompt_format, tidied),
        "condition_label": _label(values, budget),
        **values,
        "settings": canonical_json({"prompt_format": prompt_format, **_tidy(settings, "", _hashed_and_begun)}),
    }


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None


def integer(value: Any, bound: int) -> int | None:
    """A whole number from 0 to below `bound`, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < bound else None


def _budget(config: Mapping[str, Any]) -> tuple[str, str] | None:
    for name, word in (("reasoning_effort", "effort"), ("reasoning_tokens", "thinking"), ("effort", "effort")):
        if config.get(name) is not None:
            return word, without_secrets(str(config[name]))[:40]
    return None


def _label(values: Mapping[str, Any], budget: tuple[str, str] | None) -> str:
    parts = [str(values["prompt_format"]).replace("_", "-")]
    if budget:
        parts.append(f"{budget[0]} {budget[1]}")
    if values["n_shots"] is not None:
        parts.append(f"{values['n_shots']}-shot")
    for name, word in (("temperature", "T"), ("top_p", "top-p"), ("top_k", "top-k"), ("max_tokens", "max")):
        if values[name] is not None:
            parts.append(f"{word} {values[name]}")
    return " · ".join(parts)


def _hashed(text: str) -> str:
    return f"sha256:{digest(text)}, {len(text)} characters"


def _hashed_and_begun(text: str) -> str:
    """The same for people, who know a prompt by its first words; the id of the condition does not."""
    words = " ".join(text[:_LONGEST_TEXT].split())[: _BEGINNING + 1].rpartition(" ")[0]
    return f"{_hashed(text)}: {words}" if words else _hashed(text)


def _tidy(value: Any, name: str, long_text: Callable[[str], str]) -> Any:
    """JSON in one spelling: no nulls, no empty groups, 1.0 as 1, long texts as their hash, no secrets."""
    if names_a_secret(name):
        return STRUCK_OUT
    if isinstance(value, Mapping):
        tidied = {without_secrets(str(key)): _tidy(inner, str(key), long_text) for key, inner in value.items()}
        return {key: inner for key, inner in tidied.items() if inner is not None and inner != {} and inner != []}
    if isinstance(value, list):
        return [_tidy(inner, "", long_text) for inner in value]
    if isinstance(value, str):
        text = without_secrets(value.encode("utf-8", "replace").decode())
        return text if len(text) <= _LONGEST_TEXT else long_text(text)
    if isinstance(value, float):
        return int(value) if value.is_integer() else (value if math.isfinite(value) else str(value))
    return value
