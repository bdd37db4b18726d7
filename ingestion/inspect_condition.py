"""What an Inspect run held fixed: its header as a row of `raw.conditions`.

Two logs share a condition only if everything that can change an answer is equal: generation settings, all task
arguments, the task's version, solvers with their arguments, and limits. What cannot (connections, retries, timeouts,
caching, logging, the number of choices) is left out, and so is the seed, which is what varies between repeats.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ingestion.inspect_types import Header, Plan
from warehouse.keys import canonical_json, condition_id, digest

# Left out by name rather than taken by name: a sampling parameter that a later Inspect adds must split conditions, not
# mix them.
_NOT_SAMPLING = frozenset(
    {
        *("max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections"),
        *("adaptive_connections", "batch", "cache", "cache_prompt", "stream", "extra_headers", "fail_on_refusal"),
        *("seed", "num_choices", "logprobs", "top_logprobs", "prompt_logprobs", "reasoning_summary"),
    }
)
_LIMITS = ("message_limit", "token_limit", "time_limit", "working_limit", "cost_limit", "turn_limit")
_SECRET = re.compile(
    r"(api|access|auth|bearer|secret|private|account)[-_]?(key|token)|passw(or)?d|secret|credential|authorization"
    r"|^(x-)?headers?$|^token$|^extra_headers$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\b(sk|pk|hf|ghp|xox[abp]|glpat)[-_][A-Za-z0-9_-]{16,}|\bBearer\s+\S{16,}|\bAKIA[A-Z0-9]{16}"
)
_SHOTS = ("fewshot", "few_shot", "num_fewshot", "n_fewshot", "n_shots", "num_shots", "n_shot", "shots")
_LONGEST_TEXT = 200


def generate_config(header: Header) -> dict[str, Any]:
    """The generation settings in force: the model's, and over them the task's own."""
    merged = dict(header.eval.model_generate_config)
    merged.update({name: value for name, value in header.plan.config.items() if value is not None})
    return merged


def condition_row(header: Header, prompt_format: str) -> dict[str, Any]:
    """The row of `raw.conditions` for a run whose prompts ask for `prompt_format`."""
    config = generate_config(header)
    settings = _tidy(
        {
            "generate": {name: value for name, value in config.items() if name not in _NOT_SAMPLING},
            "task_args": header.eval.task_args,
            "task_version": header.eval.task_version,
            "solvers": _solvers(header.plan),
            "limits": {name: header.eval.config.get(name) for name in _LIMITS},
        }
    )
    budget = _budget(config)
    values = {
        "prompt_format": prompt_format,
        "reasoning_budget": budget[1] if budget else None,
        "n_shots": _n_shots(header.eval.task_args),
        "temperature": _number(config.get("temperature")),
        "top_p": _number(config.get("top_p")),
        "top_k": _integer(config.get("top_k"), 2**31),
        "max_tokens": _integer(config.get("max_tokens"), 2**63),
    }
    return {
        "condition_id": condition_id(prompt_format, settings),
        "condition_label": _label(values, budget),
        **values,
        "settings": canonical_json({"prompt_format": prompt_format, **settings}),
    }


def _solvers(plan: Plan) -> list[dict[str, Any]]:
    # Newer logs list every parameter with its default; those that were passed are what older logs list too.
    return [
        {"solver": step.solver, "params": step.params if step.params_passed is None else step.params_passed}
        for step in plan.steps
    ]


def _budget(config: Mapping[str, Any]) -> tuple[str, str] | None:
    for name, word in (("reasoning_effort", "effort"), ("reasoning_tokens", "thinking"), ("effort", "effort")):
        if config.get(name) is not None:
            return word, str(config[name])[:40]
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


def _n_shots(task_args: Mapping[str, Any]) -> int | None:
    for name in _SHOTS:
        if name in task_args:
            return _integer(task_args[name], 2**31)
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None


def _integer(value: Any, bound: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < bound else None


def _tidy(value: Any, name: str = "") -> Any:
    """JSON in one spelling: no nulls, no empty groups, 1.0 as 1, long texts as their hash, secrets struck out."""
    if _SECRET.search(name):
        return "(struck out)"
    if isinstance(value, Mapping):
        tidied = {str(key): _tidy(inner, str(key)) for key, inner in value.items()}
        return {key: inner for key, inner in tidied.items() if inner is not None and inner != {} and inner != []}
    if isinstance(value, list):
        return [_tidy(inner) for inner in value]
    if isinstance(value, str):
        text = _SECRET_VALUE.sub("(struck out)", value.encode("utf-8", "replace").decode())
        return text if len(text) <= _LONGEST_TEXT else f"sha256:{digest(text)}, {len(text)} characters"
    if isinstance(value, float):
        return int(value) if value.is_integer() else (value if math.isfinite(value) else str(value))
    return value
