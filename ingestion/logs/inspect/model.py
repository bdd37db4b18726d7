"""Which model an Inspect log is of, and which models played other roles in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ingestion.logs.inspect.types import EvalSpec
from ingestion.text import clip

_PLACES = ("model_path", "model_name_or_path", "pretrained", "checkpoint", "path")
"""Arguments that say which checkpoint is loaded; the first is what Inspect's providers hf and vllm call it."""


def model_id_of(spec: EvalSpec) -> str:
    """The model's name, with the checkpoint behind it: `hf/local` alone names no model."""
    arguments = spec.model_args if isinstance(spec.model_args, Mapping) else {}
    place = next((arguments[name] for name in _PLACES if isinstance(arguments.get(name), str)), None)
    if not place:
        return spec.model
    # The whole path is a part of the condition, so checkpoints of one name in two folders stay apart.
    name = PurePath(place.replace("\\", "/")).name
    return spec.model if name in ("", spec.model.rpartition("/")[2]) else clip(f"{spec.model}/{name}", 500)


def roles_of(spec: EvalSpec) -> dict[str, str]:
    """By role, the model that plays it."""
    roles = spec.model_roles if isinstance(spec.model_roles, Mapping) else {}
    found: dict[str, str] = {}
    for role, given in roles.items():
        model = given[0] if isinstance(given, list) and given else given
        name = model.get("model") if isinstance(model, Mapping) else model
        if isinstance(name, str):
            found[str(role)] = name
    return found


def other_models(spec: EvalSpec) -> dict[str, Any]:
    """What other models a run asked, with their settings: roles, and the graders that scorers were given."""
    told: dict[str, Any] = {}
    roles = spec.model_roles if isinstance(spec.model_roles, Mapping) else {}
    for role, given in roles.items():
        models = given if isinstance(given, list) else [given]
        told[str(role)] = [_described(model) for model in models]
    for scorer in spec.scorers or []:
        options = scorer.options if isinstance(scorer.options, Mapping) else {}
        if (model := options.get("model")) is not None:
            models = model if isinstance(model, list) else [model]
            told[f"scorer {scorer.name}"] = [_described(model) for model in models]
    return told


def _described(model: Any) -> Any:
    if not isinstance(model, Mapping):
        return model
    config = model.get("config")
    return {
        "model": model.get("model"),
        "config": {name: value for name, value in config.items() if name != "seed"}
        if isinstance(config, Mapping)
        else None,
    }
