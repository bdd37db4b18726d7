"""What a mapping can say: which field of a table is what."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ingestion.logs.table.paths import has_keys, parse_path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


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
        steps: number → what to write from that number on, up to the next; below the first the value is an error.
        times: factor for a number.
        add: added to a number, after `times`.
        optional: a field that may be in no row of a file; any other field that no row has refuses the file.
    """

    field: str | None = None
    value: Any = None
    count: str | None = None
    where: dict[str, Any] = {}
    file_name: str | None = None
    pattern: str | None = None
    map: dict[str, Any] = {}
    steps: dict[float, Any] = {}
    times: float | None = None
    add: float | None = None
    optional: bool = False

    @field_validator("field", "count")
    @classmethod
    def _is_path(cls, path: str | None) -> str | None:
        if path is not None and has_keys(path):
            raise ValueError(f"{path!r}: {{…}} goes with rows and each, which make rows of what they find")
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
        if self.steps and (self.map or self.times is not None or self.add is not None):
            raise ValueError("steps does not go with map, times or add")
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


class Score(Value):
    """A graded outcome or a verdict, and what its numbers mean.

    Attributes:
        scale: the worst and the best grade; without it every number of the file must be from 0 to 1.
    """

    scale: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _has_two_ends(self) -> Score:
        if self.scale is not None and not (self.scale[0] != self.scale[1] and all(map(math.isfinite, self.scale))):
            raise ValueError("scale is the worst and the best grade, two numbers that differ")
        return self


class Each(_Strict):
    """Several samples in one row: one of a path, parallel lists, or a pattern of columns.

    Attributes:
        path: path of the elements, `answers[*]`; a bare text in the file.
        lists: name → path, lists that belong together element by element.
        columns: a pattern of whole column names with one group (`run(\\d+)`), or with groups `name` and `key`.
    """

    path: str | None = None
    lists: dict[str, str] = {}
    columns: str | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Each:
        if sum((self.path is not None, bool(self.lists), self.columns is not None)) != 1:
            raise ValueError("write each: a[*], or each: {answer: a[*], score: b[*]}, or each: {columns: 'run(\\d+)'}")
        for path in filter(None, (self.path, *self.lists.values())):
            if parse_path(path) and not _unfolds(path):
                raise ValueError(f"{path!r} is one value; end it in [*], or name keys as {{name}}")
        for path in self.lists.values():
            if has_keys(path):
                raise ValueError(f"{path!r}: lists that belong together are told by [*] alone")
        if self.columns is not None:
            _check_columns(self.columns)
        return self


def _unfolds(path: str) -> bool:
    return has_keys(path) or "[*]" in path


def _check_columns(pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from error
    if set(compiled.groupindex) != {"name", "key"} and (compiled.groups != 1 or compiled.groupindex):
        raise ValueError(f"{pattern!r}: put brackets around what tells the repeats apart, as in run(\\d+)")


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


def _each(given: Any) -> Any:
    if isinstance(given, str):
        return {"path": given}
    if isinstance(given, dict) and not given.keys() & {"path", "lists", "columns"}:
        return {"lists": given}
    return given


_Value = Annotated[Value, BeforeValidator(_shorthand)]
_Answer = Annotated[Answer, BeforeValidator(_shorthand)]
_Tests = Annotated[Tests, BeforeValidator(_shorthand)]
_Score = Annotated[Score, BeforeValidator(_shorthand)]
_Each = Annotated[Each, BeforeValidator(_each)]


class Mapping(_Strict):
    """Which field of a table is what. Only `task`, `model`, `item` and something to judge by are needed."""

    rows: str | None = None
    """JSON files: path of the rows, where the file is not a list itself. `{name}` stands for every key of an object and
    makes it a field of the row: `{condition}.{item}[*]`. What is found and is no object is the field `value`; what lies
    around the rows is `file.…` in every row."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """CSV files: what stands between two fields; without it, told from the header."""
    where: dict[str, Any] = {}
    """Path → value, or list of values: rows in which it is something else are left out, and counted."""
    each: _Each | None = None
    """Several samples in one row; see `Each`."""
    join: Join | None = None
    """A second table with more fields of the same items; see `Join`."""
    recognised_by: tuple[str, ...] = ()
    """Paths that a row of this kind of file has, by which `--sniff` finds a mapping that comes with the package."""

    task: _Value
    """The benchmark; `{value: my_quiz}` where it is the same in every row."""
    model: _Value
    """Who answered."""
    item: _Value
    """The question, by an id that is the same in every repeat."""
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
    """How many options there are, where their texts are not in the file."""
    target: _Answer | None = None
    """The right answer."""
    subset: _Value | None = None
    subject: _Value | None = None
    human_difficulty: _Value | None = None

    answer: _Answer | None = None
    """What the model answered."""
    probabilities: _Value | None = None
    """The probabilities of the options that the model stated, in their order; instead of `answer`."""
    score: _Score | None = None
    """A verdict, or a grade."""
    grader: _Value | None = None
    """Who gave the score. Rows that differ in it alone are one sample, told by its epoch, with several grades."""
    grade_repeat: _Value | None = None
    """The grader's repeat, from 1. Without it, the rows of one sample and grader are counted in their order."""
    tests: _Tests | None = None
    """Outcomes of unit tests."""
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
    system_fingerprint: _Value | None = None
    seed: _Value | None = None
    created_at: _Value | None = None

    @field_validator("rows")
    @classmethod
    def _rows_is_a_path(cls, path: str | None) -> str | None:
        if path is not None:
            parse_path(path)
        return path

    @field_validator("where")
    @classmethod
    def _where_has_paths(cls, where: dict[str, Any]) -> dict[str, Any]:
        for path, wanted in where.items():
            if has_keys(path):
                raise ValueError(f"{path!r}: {{…}} goes with rows and each")
            if isinstance(wanted, dict):
                raise ValueError(f"{path}: give the value that a row must have, or a list of values")  # noqa: TRY004
        return where

    @model_validator(mode="after")
    def _has_something_to_judge_by(self) -> Mapping:
        if not (self.answer or self.probabilities or self.score or self.tests or self.completion):
            raise ValueError("map at least one of answer, probabilities, score, tests, completion")
        if self.probabilities and self.answer:
            raise ValueError("map either answer or probabilities: an item is decomposed over one of them")
        return self

    @model_validator(mode="after")
    def _graders_grade_samples_that_are_told_apart(self) -> Mapping:
        if self.grade_repeat and not self.grader:
            raise ValueError("grade_repeat goes with grader; where all grades are one's, write grader: {value: NAME}")
        if self.grader and not (self.score and self.epoch):
            raise ValueError(
                "grader goes with score and epoch: the epoch tells which rows grade the same sample; where every item "
                "has one sample, write epoch: {value: 1}"
            )
        return self

    @property
    def prompt_format(self) -> str:
        """What the prompts ask for: probability, choice or open_ended."""
        if self.probabilities:
            return "probability"
        return "choice" if self.choices or self.n_choices else "open_ended"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
