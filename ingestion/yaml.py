"""YAML files that people write: read strictly, and asked afterwards on which line something stands.

Plain values alone (no tags that make objects). A key that stands twice is refused, where YAML's own readers take the
last one in silence; so is a file whose aliases unfold to far more than what is written (a "billion laughs").
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 2**20
"""A larger file is none that a person wrote."""

MAX_VALUES = 100_000
"""Values of a file, those that aliases repeat counted each time."""

_MERGE = "tag:yaml.org,2002:merge"


class YamlError(ValueError):
    """The file cannot be read; the message names the file, the line and the fix."""


@dataclass(frozen=True)
class Document:
    """A file's content, and where in it things stand.

    Attributes:
        path: the file.
        content: its fields.
        root: its syntax tree.
    """

    path: Path
    content: dict[str, Any]
    root: yaml.Node

    def line(self, place: Sequence[str | int]) -> int:
        """The line, from 1, of a place such as `("models", 0, "id")`; of the last part of it that is in the file."""
        node: yaml.Node = self.root
        line = 1
        for part in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if found is not None:
                    line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line


def read_yaml(path: Path, fields: str) -> Document:
    """Read a file of fields.

    Args:
        path: the file.
        fields: what to write into such a file, for the error.

    Raises:
        YamlError: if it cannot be read, is no YAML, says one thing twice, or holds no fields.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise YamlError(f"{path}: is over the limit of {MAX_BYTES:,} bytes; is it the right file?")
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise YamlError(f"{path}: is no YAML: {' '.join(str(error).split())}; save it as UTF-8 text") from error
    try:
        root = loader.get_single_node()
        _count_values(root, {})
        content = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        is_twice = isinstance(error, _TwiceError)
        raise YamlError(f"{where}: {'' if is_twice else 'is no YAML: '}{error.problem}") from error
    except (ValueError, OverflowError, RecursionError) as error:  # a date that is none, a number of 10,000 digits
        raise YamlError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()
    if root is None or not isinstance(content, dict):
        raise YamlError(f"{path}: holds {type(content).__name__}; write fields: {fields}")
    return Document(path, content, root)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is nearly, as a question; None if it is near none."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else None


class _TwiceError(yaml.constructor.ConstructorError):
    pass


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: dict[Hashable, int] = {}
    for key, _ in node.value:
        name = key.value if key.tag == _MERGE else loader.construct_object(key, deep=True)
        line = key.start_mark.line + 1
        if not isinstance(name, Hashable):
            raise yaml.constructor.ConstructorError(None, None, f"{name!r} is no name of a field", key.start_mark)
        if name in seen:
            told = f"field {name!r} is there twice, first on line {seen[name]}; drop one"
            raise _TwiceError(None, None, told, key.start_mark)
        seen[name] = line
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _count_values(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Values below a node with its aliases unfolded; `known` holds what is counted, and 0 for what is being counted."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if (counted := known.get(id(node))) is not None:
        if counted == 0:
            raise yaml.constructor.ConstructorError(None, None, "an alias names what it stands in", node.start_mark)
        return counted
    known[id(node)] = 0
    inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1
    for part in inner:
        total += _count_values(part, known)
        if total > MAX_VALUES:
            raise yaml.constructor.ConstructorError(
                None, None, f"holds more than {MAX_VALUES:,} values; write out what its aliases stand for", None
            )
    known[id(node)] = total
    return total
