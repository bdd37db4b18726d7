"""Reading a spec file, and saying what is wrong with it: file, field, value, fix."""

from __future__ import annotations

import difflib
import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.sampling.spec import ExperimentSpec


class SpecError(ValueError):
    """The spec cannot be used; the message has one line for each thing to put right."""


class _Loader(yaml.SafeLoader):
    """YAML without the trap that the later of two equal keys wins in silence."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Any] = set()
    for key, _ in node.value:
        name = loader.construct_object(key)
        if not isinstance(name, Hashable) or name in seen:
            raise yaml.constructor.ConstructorError(None, None, f"field {name!r} is there twice", key.start_mark)
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_spec(path: Path) -> ExperimentSpec:
    """The experiment that a YAML file describes.

    Raises:
        SpecError: if the file cannot be read or says something that cannot be done.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise SpecError(f"{path}: holds {type(content).__name__}; write fields: name, tasks, models, conditions")
    return parse_spec(content, path)


def parse_spec(content: dict[str, Any], path: Path) -> ExperimentSpec:
    """A spec from its parsed YAML; `path` is named in errors, and its folder is where relative paths start.

    Raises:
        SpecError: see `load_spec`.
    """
    try:
        spec = ExperimentSpec.model_validate(content)
    except ValidationError as error:
        raise SpecError("\n".join(f"{path}: {line}" for line in _lines(error))) from error
    spec._folder = path.absolute().parent
    return spec


def json_schema() -> dict[str, Any]:
    """JSON Schema of specs, for editors."""
    schema = ExperimentSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Sampling experiment"} | schema


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"]) or "spec"
        kind, value = problem["type"], problem["input"]
        if kind == "extra_forbidden":
            lines.append(f"{where}: unknown field; {_suggestion(str(problem['loc'][-1]))}")
        elif kind == "missing":
            lines.append(f"{where}: is missing; add it")
        elif kind == "value_error" and isinstance(value, dict):
            message = str(problem.get("ctx", {}).get("error", problem["msg"]))
            lines.append(message if where == "spec" else f"{where}: {message}")
        else:
            message = str(problem.get("ctx", {}).get("error", problem["msg"])).removeprefix("Input should be ")
            lines.append(f"{where}: is {_short(value)}; it should be {message}")
    return lines


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, _field_names(), n=1)
    return f"did you mean {close[0]}?" if close else "drop it"


def _field_names() -> list[str]:
    definitions = [ExperimentSpec.model_json_schema()]
    definitions += definitions[0].get("$defs", {}).values()
    return sorted({name for definition in definitions for name in definition.get("properties", {})})


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
