"""Reading a spec file, and saying what is wrong with it: file, line, field, value, fix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ingestion.sampling.spec.conditions import asked_under
from ingestion.sampling.spec.epochs import AS_NUMBER, AS_RANGE
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import TASK_KINDS, task_name
from ingestion.yaml import Document, YamlError, did_you_mean, read_yaml


class SpecError(ValueError):
    """The spec cannot be used; the message has one line for each thing to put right."""


def load_spec(path: Path) -> ExperimentSpec:
    """The experiment that a YAML file describes.

    Raises:
        SpecError: if the file cannot be read or says something that cannot be done.
    """
    try:
        document = read_yaml(path, "name, tasks, models, conditions")
    except YamlError as error:
        raise SpecError(str(error)) from error
    return _spec(document.content, path, document)


def parse_spec(content: dict[str, Any], path: Path) -> ExperimentSpec:
    """A spec from its parsed YAML; `path` is named in errors, and its folder is where relative paths start.

    Raises:
        SpecError: see `load_spec`.
    """
    return _spec(content, path, None)


def _spec(content: dict[str, Any], path: Path, document: Document | None) -> ExperimentSpec:
    try:
        spec = ExperimentSpec.model_validate(content)
    except ValidationError as error:
        raise SpecError("\n".join(_lines(error, path, document))) from error
    if twice := _condition_twice(spec):
        raise SpecError(f"{_at(path, document, ['conditions'])}: conditions: {twice}; drop one")
    spec._folder = path.absolute().parent
    return spec


def _at(path: Path, document: Document | None, place: Sequence[str | int]) -> str:
    return str(path) if document is None else f"{path}:{document.line(place)}"


def _condition_twice(spec: ExperimentSpec) -> str | None:
    for task in spec.tasks:
        seen: set[tuple[str, str]] = set()
        for model, repetition in asked_under(spec, task, prompt_version=""):  # the same words for all
            condition = repetition.condition
            if (model.id, condition.condition_id) in seen:
                return f"{condition.label!r} is there twice for {model.id} on {task_name(task)}"
            seen.add((model.id, condition.condition_id))
    return None


def json_schema() -> dict[str, Any]:
    """JSON Schema of specs, for editors."""
    schema = ExperimentSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Sampling experiment"} | schema


def _lines(error: ValidationError, path: Path, document: Document | None) -> list[str]:
    lines: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        if problem["type"] == "too_short" and problem["input"]:
            continue  # a list whose entries are wrong counts as empty; they are told one by one
        where = ".".join(str(part) for part in problem["loc"] if not _is_tag(part)) or "spec"
        line = f"{_at(path, document, _place(problem))}: {_line(where, problem)}"
        lines.setdefault(where, line)  # of a union's complaints the first is the plainest
    return list(lines.values())


def _place(problem: ErrorDetails) -> list[str | int]:
    """Where a problem stands. What is told of the spec as a whole begins with the field that it is about."""
    if problem["loc"] or problem["type"] != "value_error":
        return list(problem["loc"])
    named = str(problem["ctx"]["error"]).partition(":")[0]
    return [int(part) if part.isdigit() else part for part in named.split(".")]


def _is_tag(part: str | int) -> bool:
    """Whether a part of a place is pydantic's name for a type, rather than a field or a number."""
    return isinstance(part, str) and (
        part in TASK_KINDS or part in (AS_NUMBER, AS_RANGE) or "[" in part or part == "constrained-int"
    )


def _line(where: str, problem: ErrorDetails) -> str:
    kind, value = problem["type"], problem["input"]
    if where.endswith("api_key_env"):  # may well be the key itself, and is not repeated
        return f"{where}: is not the name of a variable, such as OPENAI_API_KEY; put the key itself into that variable"
    told = problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{where}: unknown field; {_suggestion(str(problem['loc'][-1]))}"
    if kind == "missing":
        return f"{where}: is missing; add it"
    if kind == "union_tag_not_found":
        return f"{where}.kind: is missing; write one of {', '.join(TASK_KINDS)}"
    if kind == "union_tag_invalid":
        return f"{where}.kind: is {told['tag']!r}; use one of {', '.join(TASK_KINDS)}"
    if kind == "too_short":
        return f"{where}: is empty; write at least one"
    if kind == "value_error" and isinstance(value, dict):
        return str(told["error"]) if where == "spec" else f"{where}: {told['error']}"
    if kind == "value_error":
        return f"{where}: is {_short(value)}; {told['error']}"
    return f"{where}: is {_short(value)}; it should be {problem['msg'].removeprefix('Input should be ')}"


def _suggestion(name: str) -> str:
    return did_you_mean(name, _field_names()) or "drop it"


def _field_names() -> list[str]:
    definitions = [ExperimentSpec.model_json_schema()]
    definitions += definitions[0].get("$defs", {}).values()
    return sorted({name for definition in definitions for name in definition.get("properties", {})})


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
