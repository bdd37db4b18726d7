"""The lists of dbt's exposures follow from the figures and the folders of models."""

from __future__ import annotations

from warehouse.dbt_exposures import EXPOSURES, filled, reads


def test_the_file_of_the_project_is_filled() -> None:
    text = EXPOSURES.read_text(encoding="utf-8")
    assert filled(text, reads()) == text, "run `make generate` and commit"


def test_lists_are_replaced_and_the_rest_stays() -> None:
    text = """version: 2

exposures:
  - name: one
    type: dashboard   # by hand
    depends_on:
      - ref('old')
      - ref('older')

  - name: other
    depends_on: []
    label: By hand
"""
    assert (
        filled(text, {"one": {"b", "a"}, "other": {"c"}})
        == """version: 2

exposures:
  - name: one
    type: dashboard   # by hand
    depends_on:
      - ref('a')
      - ref('b')

  - name: other
    depends_on:
      - ref('c')
    label: By hand
"""
    )
