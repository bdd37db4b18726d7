"""The YAML of specs and mappings: nothing is taken in silence, and no small file becomes a large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.yaml import MAX_BYTES, YamlError, did_you_mean, read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "file.yaml:3: field 'a' is there twice, first on line 1; drop one"),
        ("a:\n  - b: 1\n    c: 2\n    b: 3\n", "file.yaml:4: field 'b' is there twice, first on line 2"),
        ("a: {b: 1, b: 1}\n", "file.yaml:1: field 'b' is there twice"),
        ("<<: {a: 1}\n<<: {b: 1}\n", "file.yaml:2: field '<<' is there twice"),
        ("a: 1\n? [x, y]\n: 2\n", "file.yaml:2: is no YAML: ['x', 'y'] is no name of a field"),
        ("a: [1\n", "is no YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "file.yaml:1: is no YAML: could not determine a constructor"),
        ("a: &a [*a]\n", "an alias names what it stands in"),
        (BOMB, "holds more than 100,000 values; write out what its aliases stand for"),
        ("[" * 5000, "is no YAML"),
        ("a: 1\n---\nb: 2\n", "file.yaml:2: is no YAML"),
        ("a: 2026-99-99\n", "is no YAML"),
        ("a: \x00\n", "is no YAML"),
        ("- a\n", "holds list; write fields: a, b"),
        ("", "holds NoneType; write fields: a, b"),
        ("a: " + "x" * MAX_BYTES, "over the limit of 1,048,576 bytes"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(written(tmp_path, text), "a, b")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match=r"none\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "none.yaml", "a")


def test_aliases_and_merges_are_read(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: *base\n"
    content = read_yaml(written(tmp_path, text), "a").content
    assert content == {"base": {"a": 1, "b": 2}, "one": {"a": 1, "b": 3}, "two": {"a": 1, "b": 2}}


def test_places_have_lines(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "a: 1\nb:\n  - c: 1\n  -\n    d: 2\n    e: 3\n"), "a")
    assert [document.line(place) for place in ([], ["a"], ["b"], ["b", 0, "c"], ["b", 1, "e"])] == [1, 1, 2, 3, 6]
    # What is missing, and pydantic's names of types, have no line of their own.
    assert [document.line(place) for place in (["b", 1, "x"], ["b", 1, "own", "e"], ["b", 7])] == [5, 6, 2]


def test_near_names_are_proposed() -> None:
    assert did_you_mean("epoch", ["epochs", "tasks"]) == "did you mean epochs?"
    assert did_you_mean("zzz", ["epochs", "tasks"]) is None
