"""The mapping file: which field of a table is what. YAML, validated; errors name file, line, field and the fix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion.logs.table.paths import parse_path
from ingestion.yaml import Document, YamlError, did_you_mean, read_yaml


class MappingError(ValueError):
    """The mapping file is not valid; the message names the line, the field and the fix."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Value(_Strict):
    """Where one value comes from: exactly one of `field`, `value`, `count`, `file_name`; a bare text is a field.

    Attributes:
        field: a path into the row.
        value: the same for every row.
        count: a path; how many elements are there, those that meet `where`.
        where: field → value that an element must have to be counted.
        file_name: a pattern with one group, searched in the file's name.
        pattern: a pattern with one group; the last place in the text that it matches is taken.
        map: what to write for what is found; what is not listed stays.
        times: factor for a number.
        add: added to a number, after `times`.
    """

    field: str | None = None
    value: Any = None
    count: str | None = None
    where: dict[str, Any] = {}
    file_name: str | None = None
    pattern: str | None = None
    map: dict[str, Any] = {}
    times: float | None = None
    add: float | None = None

    @field_validator("field", "count")
    @classmethod
    def _is_path(cls, path: str | None) -> str | None:
        if path is not None:
            parse_path(path)
        return path

    @field_validator("pattern", "file_name")
    @classmethod
    def _has_one_group(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                n_groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"{pattern!r} is no pattern: {error}") from error
            if n_groups != 1:
                raise ValueError(f"{pattern!r} has {n_groups} groups; put one pair of brackets around what to take")
        return pattern

    @field_validator("map", mode="before")
    @classmethod
    def _text_keys(cls, given: Any) -> Any:
        # YAML reads `true:` and `1:` as no texts.
        return {_as_text(key): to for key, to in given.items()} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _one_source(self) -> Value:
        given = [name for name in ("field", "value", "count", "file_name") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of field, value, count, file_name; given: {', '.join(given) or 'none'}")
        if self.where and self.count is None:
            raise ValueError("where goes with count")
        return self


class Answer(Value):
    """An answer or a target, and how it is written.

    Attributes:
        kind: `letter` (A, "(B)", "ANSWER: C"), `index` (0-based), `text` or `number`; by default a letter or an
            option's text where the items have options, else `text`. Written `as:` in the file.
    """

    kind: Literal["letter", "index", "text", "number"] | None = Field(default=None, alias="as")


class Tests(Value):
    """Outcomes of unit tests: an object of name → outcome, or a list of objects.

    Attributes:
        name: in a list, the field with the test's name.
        passed: in a list, the field with the outcome.
        fail_to_pass: path of the list of tests that fail without the change.
        pass_to_pass: path of the list of tests that pass without it.
    """

    name: str = "name"
    passed: str = "passed"
    fail_to_pass: str | None = None
    pass_to_pass: str | None = None


class Join(_Strict):
    """A second table, whose row is reached as `joined.<field>`.

    Attributes:
        file: its path, from the mapping file's folder.
        field: path in a row of the table.
        equals: field of the second table that must have the same value; every value once. By default, as `field`.
    """

    file: str
    field: str
    equals: str | None = None


def _shorthand(given: Any) -> Any:
    return {"field": given} if isinstance(given, str) else given


_Value = Annotated[Value, BeforeValidator(_shorthand)]
_Answer = Annotated[Answer, BeforeValidator(_shorthand)]
_Tests = Annotated[Tests, BeforeValidator(_shorthand)]


class Mapping(_Strict):
    """Which field of a table is what. Only `task`, `model`, `item` and something to judge by are needed."""

    rows: str | None = None
    """JSON files: path of the list of rows, where the file is not a list itself."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """CSV files: what stands between two fields."""
    join: Join | None = None

    task: _Value
    model: _Value
    item: _Value
    epoch: _Value | None = None
    """The repeat, from 1. Without it, the rows of one item are counted in their order."""
    run: _Value | None = None
    """Keeps runs apart that repeat the same epochs; a row with the same run and epoch replaces an older one."""
    context: _Value | None = None
    """Which few-shot examples were shown."""
    condition: dict[str, _Value] = {}
    """Everything that was held fixed while repeating: temperature, reasoning_effort, n_shots, prompt version, …"""

    question: _Value | None = None
    choices: _Value | None = None
    n_choices: _Value | None = None
    target: _Answer | None = None
    subset: _Value | None = None
    subject: _Value | None = None
    human_difficulty: _Value | None = None

    answer: _Answer | None = None
    probabilities: _Value | None = None
    score: _Value | None = None
    tests: _Tests | None = None
    completion: _Value | None = None
    reasoning: _Value | None = None

    status: _Value | None = None
    """ok, format_failure, limit, refused or error; without it, told from the error and the answer."""
    error: _Value | None = None
    finish_reason: _Value | None = None
    input_tokens: _Value | None = None
    output_tokens: _Value | None = None
    reasoning_tokens: _Value | None = None
    n_actions: _Value | None = None
    latency_s: _Value | None = None
    cost_usd: _Value | None = None
    served_model: _Value | None = None
    seed: _Value | None = None
    created_at: _Value | None = None

    @model_validator(mode="after")
    def _has_something_to_judge_by(self) -> Mapping:
        if not (self.answer or self.probabilities or self.score or self.tests or self.completion):
            raise ValueError("map at least one of answer, probabilities, score, tests, completion")
        if self.probabilities and self.answer:
            raise ValueError("map either answer or probabilities: an item is decomposed over one of them")
        return self

    @property
    def prompt_format(self) -> str:
        """What the prompts ask for: probability, choice or open_ended."""
        if self.probabilities:
            return "probability"
        return "choice" if self.choices or self.n_choices else "open_ended"


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
    kinds: dict[Any, type[BaseModel]] = {"tests": Tests, "join": Join, "answer": Answer, "target": Answer}
    fields = kinds.get(where[0], Value).model_fields
    return {field.alias or name for name, field in fields.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
