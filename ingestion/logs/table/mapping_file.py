"""The mapping file: YAML, validated; errors name file, line, field and the fix. Some come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ingestion.logs.table.mapping import Answer, Each, Join, Mapping, Score, Tests, Value
from ingestion.yaml import Document, YamlError, did_you_mean, read_yaml

SHIPPED = Path(__file__).with_name("mappings")
"""Mappings of other tools' files, by which `--sniff` answers."""


class MappingError(ValueError):
    """The mapping file is not valid; the message names the line, the field and the fix."""


def load_mapping(path: Path) -> Mapping:
    """Read and validate a mapping file.

    Raises:
        MappingError: if it cannot be read or is not valid.
    """
    try:
        document = read_yaml(path, "`name: field of the table`; see `incoherence import --sniff FILE`")
    except YamlError as error:
        raise MappingError(str(error)) from error
    try:
        return Mapping.model_validate(document.content)
    except ValidationError as error:
        raise MappingError("\n".join(_problem(document, dict(problem)) for problem in error.errors())) from error


def _problem(document: Document, problem: dict[str, Any]) -> str:
    where = [part for part in problem["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    name = ".".join(map(str, where)) or "mapping"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        names = _names(where)
        near = did_you_mean(str(where[-1]), names)
        message = f"there is no such entry; {f'{near} ' if near else ''}Known are {', '.join(sorted(names))}"
    elif problem["type"] == "missing":
        message = "is missing; name a field, or write {value: …} for the same in every row"
    return f"{document.path}:{document.line(where)}: {name}: {message}"


def _names(where: list[Any]) -> set[str]:
    if len(where) <= 1:
        return set(Mapping.model_fields)
    kinds: dict[Any, type[BaseModel]] = {"tests": Tests, "join": Join, "each": Each, "score": Score}
    kinds |= {"answer": Answer, "target": Answer}
    fields = kinds.get(where[0], Value).model_fields
    return {field.alias or name for name, field in fields.items()}
