"""Types and descriptions of columns come from one file, and what is written by hand stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from warehouse import dbt_columns
from warehouse.dbt_columns import Column, ColumnError, Meaning, filled, read_dictionary

DICTIONARY = """
# A comment.
task: {type: varchar, description: "Task: as its source names it."}
low:
  also: [lower]
  type: double
  description: |-
    Lower end,
    in two lines.
step:
  type: integer
  description: Step of the rollout.
  except:
    - models: [trained, retrained]
      type: bigint
    - {models: [told], description: Step of the tale.}
"""

SHORT = """version: 2

models:
  - name: trained
    description: One row per step.   # by hand
    columns:
      - name: task
      - name: low
        data_tests: [not_null]   # by hand, too

      - name: step
        description: An old text that
          goes on.
        data_tests:
          - unique
        data_type: text

unit_tests:
  - {name: any, model: trained}
"""

LONG = """version: 2

models:
  - name: trained
    description: One row per step.   # by hand
    columns:
      - name: task
        data_type: varchar
        description: "Task: as its source names it."
      - name: low
        data_type: double
        description: |-
          Lower end,
          in two lines.
        data_tests: [not_null]   # by hand, too

      - name: step
        data_type: bigint
        description: Step of the rollout.
        data_tests:
          - unique

unit_tests:
  - {name: any, model: trained}
"""


@pytest.fixture
def dictionary(tmp_path: Path) -> dict[str, Column]:
    path = tmp_path / "columns.yml"
    path.write_text(DICTIONARY, encoding="utf-8")
    return read_dictionary(path)


def fill(tmp_path: Path, text: str, dictionary: dict[str, Column]) -> str:
    path = tmp_path / "model.yml"
    path.write_text(text, encoding="utf-8")
    return filled(path, dictionary)


def test_the_files_of_the_project_are_filled() -> None:
    dictionary = read_dictionary()
    stale = [str(path) for path in dbt_columns.files() if filled(path, dictionary) != path.read_text(encoding="utf-8")]
    assert not stale, "run `make generate` and commit"


def test_short_form_becomes_long_form_and_long_form_stays(tmp_path: Path, dictionary: dict[str, Column]) -> None:
    assert fill(tmp_path, SHORT, dictionary) == LONG
    assert fill(tmp_path, LONG, dictionary) == LONG


def test_a_column_means_the_same_everywhere_but_in_its_exceptions(dictionary: dict[str, Column]) -> None:
    step = dictionary["step"]
    assert step.of("any") == Meaning("integer", "Step of the rollout.")
    assert step.of("trained") == step.of("retrained") == Meaning("bigint", "Step of the rollout.")
    assert step.of("told") == Meaning("integer", "Step of the tale.")
    assert dictionary["lower"] == dictionary["low"]


@pytest.mark.parametrize(
    "text",
    ["A plain text.", 'It\'s: quoted, "twice" # no comment', "word " * 60 + "end: here", "- a dash", "two\n lines"],
)
def test_every_text_survives_yaml(tmp_path: Path, text: str) -> None:
    written = fill(tmp_path, SHORT, dict.fromkeys(("task", "low", "step"), Column(Meaning("double", text))))
    (model,) = yaml.safe_load(written)["models"]
    assert [column["description"] for column in model["columns"]] == [text] * 3
    assert max(map(len, written.splitlines())) <= 120


def test_seeds_get_no_type(tmp_path: Path, dictionary: dict[str, Column]) -> None:
    written = fill(tmp_path, "seeds:\n  - name: s\n    columns:\n      - name: step\n", dictionary)
    assert yaml.safe_load(written)["seeds"][0]["columns"] == [{"name": "step", "description": "Step of the rollout."}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "models:\n  - name: m\n    columns:\n      - name: unheard\n",
            "model.yml:4: column unheard is not in columns.yml",
        ),
        ("models:\n  - name: m\n    columns: [task]\n", "model.yml:3: write the column as `- name: …`"),
    ],
)
def test_what_cannot_be_filled_is_named(tmp_path: Path, dictionary: dict[str, Column], text: str, told: str) -> None:
    with pytest.raises(ColumnError, match=told):
        fill(tmp_path, text, dictionary)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {type: double}", "a: write description, type"),
        ("a: {type: double, text: x, description: y}", "a: write description, type"),
        ("a: {type: double, description: y, except: [{description: z}]}", "a: write models"),
        ("a: {type: double, description: y}\nb: {also: [a], type: double, description: y}", "a stands there twice"),
    ],
)
def test_a_wrong_dictionary_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "columns.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ColumnError, match=told):
        read_dictionary(path)
