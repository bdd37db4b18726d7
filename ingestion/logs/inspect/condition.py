"""What an Inspect run held fixed: its header as a row of `raw.conditions`.

Two logs share a condition only if everything that can change an answer is equal: generation settings, all task
arguments, the task's version, solvers with their arguments, limits, what the model was loaded with, and the models that
graded it or played other roles. What cannot (connections, retries, timeouts,
caching, logging, the number of choices) is left out, and so is the seed, which is what varies between repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.conditions import integer, settings_row
from ingestion.logs.inspect.model import other_models
from ingestion.logs.inspect.types import Header, Plan
from ingestion.logs.model_arguments import telling_arguments

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
_SHOTS = ("fewshot", "few_shot", "num_fewshot", "n_fewshot", "n_shots", "num_shots", "n_shot", "shots")


def generate_config(header: Header) -> dict[str, Any]:
    """The generation settings in force: the model's, and over them the task's own."""
    merged = dict(header.eval.model_generate_config)
    merged.update({name: value for name, value in header.plan.config.items() if value is not None})
    return merged


def condition_row(header: Header, prompt_format: str) -> dict[str, Any]:
    """The row of `raw.conditions` for a run whose prompts ask for `prompt_format`."""
    config = generate_config(header)
    settings = {
        "generate": {name: value for name, value in config.items() if name not in _NOT_SAMPLING},
        "task_args": header.eval.task_args,
        "task_version": header.eval.task_version,
        "solvers": _solvers(header.plan),
        "limits": {name: header.eval.config.get(name) for name in _LIMITS},
        "model_args": telling_arguments(header.eval.model_args),
        "other_models": other_models(header.eval),
    }
    return settings_row(prompt_format, settings, config, _n_shots(header.eval.task_args))


def _solvers(plan: Plan) -> list[dict[str, Any]]:
    # Newer logs list every parameter with its default; those that were passed are what older logs list too.
    return [
        {"solver": step.solver, "params": step.params if step.params_passed is None else step.params_passed}
        for step in plan.steps
    ]


def _n_shots(task_args: Mapping[str, Any]) -> int | None:
    for name in _SHOTS:
        if name in task_args:
            return integer(task_args[name], 2**31)
    return None
