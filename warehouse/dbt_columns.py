"""Fill the columns of dbt's model files: `python -m warehouse.dbt_columns`.

Type and description of every column that a model's `.yml` lists are copied there from `dbt/columns.yml`, the one place
where both are decided. What belongs to one model alone is written in its `.yml` by hand (description, tests) and is
left as it is, to the character. What does not belong here: the raw contract (`warehouse.schemas`).
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from warehouse.layout import DBT_PROJECT_DIR

DICTIONARY = DBT_PROJECT_DIR / "columns.yml"

_FILLED = ("data_type", "description")
_WIDTH = 120


class ColumnError(ValueError):
    """A column that cannot be filled; the message names the file, the column and what to do."""


@dataclass(frozen=True)
class Meaning:
    """What one column name means.

    Attributes:
        data_type: DuckDB's name of its type.
        description: for people who meet it in the UI or in a BI tool.
    """

    data_type: str
    description: str


@dataclass(frozen=True)
class Column:
    """A column name: what it means everywhere, and the models in which it means something else."""

    usual: Meaning
    elsewhere: Mapping[str, Meaning] = field(default_factory=dict)

    def of(self, model: str) -> Meaning:
        """What it means in a model."""
        return self.elsewhere.get(model, self.usual)


def read_dictionary(path: Path = DICTIONARY) -> dict[str, Column]:
    """Read the columns file.

    Raises:
        ColumnError: if an entry lacks its type or description, or has a key that is none.
    """
    columns: dict[str, Column] = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        _check_keys(path, name, entry, {"type", "description"}, {"also", "except"})
        usual = Meaning(entry["type"], entry["description"].strip())
        elsewhere: dict[str, Meaning] = {}
        for exception in entry.get("except", []):
            _check_keys(path, name, exception, {"models"}, {"type", "description"})
            meaning = Meaning(
                exception.get("type", usual.data_type), exception.get("description", usual.description).strip()
            )
            elsewhere |= dict.fromkeys(exception["models"], meaning)
        column = Column(usual, elsewhere)
        for each in (name, *entry.get("also", [])):
            if each in columns:
                raise ColumnError(f"{path}: {each} stands there twice; keep one")
            columns[each] = column
    return columns


def _check_keys(path: Path, name: str, entry: Any, needed: set[str], possible: set[str]) -> None:
    if not isinstance(entry, dict) or not needed <= set(entry) <= needed | possible:
        raise ColumnError(f"{path}: {name}: write {', '.join(sorted(needed))}, and if need be {', '.join(possible)}")


def filled(path: Path, dictionary: Mapping[str, Column]) -> str:
    """The text of a model file (or of the seeds') with every listed column filled.

    Seeds get no type: what theirs are loaded as is their `column_types`.

    Raises:
        ColumnError: if a column has no entry in the dictionary, or is not written as `- name: …`.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    edits: list[tuple[int, int, list[str]]] = []
    for kind, entry in _entries(yaml.compose(text)):
        model = entry["name"][1].value
        for column in entry["columns"][1].value if "columns" in entry else ():
            edits += _edits_of_column(path, lines, column, model, dictionary, has_type=kind == "models")
    for first, last, new in sorted(edits, reverse=True):
        lines[first:last] = new
    return "\n".join(lines) + "\n"


def _entries(root: yaml.Node | None) -> Iterator[tuple[str, dict[str, tuple[yaml.Node, Any]]]]:
    """The models and seeds of a file: the kind, and its keys with their nodes."""
    for kind, (_, entries) in _mapping(root).items():
        if kind in ("models", "seeds"):
            for entry in entries.value:
                yield kind, _mapping(entry)


def _mapping(node: Any) -> dict[str, tuple[yaml.Node, Any]]:
    return {key.value: (key, value) for key, value in node.value}


def _edits_of_column(
    path: Path, lines: Sequence[str], node: Any, model: str, dictionary: Mapping[str, Column], *, has_type: bool
) -> Iterator[tuple[int, int, list[str]]]:
    """Lines to replace: what was filled before goes, what the dictionary says comes below the name."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise ColumnError(f"{path}:{node.start_mark.line + 1}: write the column as `- name: …`")
    keys = _mapping(node)
    name = keys["name"][1].value
    if name not in dictionary:
        raise ColumnError(
            f"{path}:{node.start_mark.line + 1}: column {name} is not in {DICTIONARY.name}; say there what it is"
        )
    meaning = dictionary[name].of(model)
    for key in _FILLED:
        if key in keys:
            yield (*_lines_of(lines, *keys[key]), [])
    below = _lines_of(lines, *keys["name"])[1]
    indent = " " * node.start_mark.column
    written = [f"{indent}data_type: {meaning.data_type}"] if has_type else []
    yield below, below, [*written, *_written("description", meaning.description, indent)]


def _lines_of(lines: Sequence[str], key: yaml.Node, value: yaml.Node) -> tuple[int, int]:
    """First line of a key, and the line after its value. A block's end is where the next thing starts."""
    after = value.end_mark.line + (value.end_mark.column > 0)
    while after > key.start_mark.line + 1 and not lines[after - 1].strip():
        after -= 1
    return key.start_mark.line, after


def _written(key: str, text: str, indent: str) -> list[str]:
    """A key and its text as YAML: on one line, folded, or with the line breaks that it has."""
    if "\n" in text:
        return [f"{indent}{key}: |-", *(f"{indent}  {line}".rstrip() for line in text.split("\n"))]
    quoted = _dumped(text) if _dumped(text)[0] not in "'\"" else _dumped(text, style='"')
    if len(line := f"{indent}{key}: {quoted}") <= _WIDTH:
        return [line]
    wrapped = textwrap.wrap(text, _WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}{key}: >-", *(f"{indent}  {line}" for line in wrapped)]


def _dumped(text: str, style: str | None = None) -> str:
    dumped: str = yaml.safe_dump(text, allow_unicode=True, width=10**6, default_style=style)
    return dumped.removesuffix("\n...\n").rstrip("\n")


def files(project: Path = DBT_PROJECT_DIR) -> list[Path]:
    """Every file that lists columns of models or seeds; the sources' are the raw contract's."""
    return sorted(path for folder in ("models", "seeds") for path in (project / folder).rglob("*.yml"))


def main() -> int:
    """Fill every file; say which have changed."""
    try:
        dictionary = read_dictionary()
        texts = {path: filled(path, dictionary) for path in files()}
    except ColumnError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"filled {path.relative_to(DBT_PROJECT_DIR.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
