"""Pictures of tables that dbt built: they show what is there, whatever it was decomposed by."""

from __future__ import annotations

import polars as pl
import pytest

from tests.dbt.conftest import Built
from warehouse.figures import FIGURES, Figure, read_tables

BY_DECOMPOSITION = [
    figure
    for figure in FIGURES
    if figure.name
    in {
        "incoherence_by_reasoning_length",
        "incoherence_by_reasoning_budget",
        "incoherence_by_model_scale",
        "incoherence_by_label",
        "bias_vs_variance",
        "wait_ratio",
        "length_and_scale_regression",
    }
]


@pytest.mark.parametrize("figure", BY_DECOMPOSITION, ids=lambda figure: figure.name)
def test_a_study_without_options_is_drawn_by_what_it_has(built: Built, figure: Figure) -> None:
    tables = read_tables(built.database, figure.tables)
    assert not figure.is_empty(tables)
    without = {
        name: table.filter(pl.col("decomposition") == "brier").with_columns(decomposition=pl.lit("coverage"))
        for name, table in tables.items()
    }
    assert not figure.is_empty(without)
    picture = figure.picture(without)
    drawn = picture.draw()
    words = [text.get_text() for axis in drawn.axes for text in (axis.title, axis.yaxis.label, *axis.get_yticklabels())]
    assert any("(unit tests)" in word for word in words) and not any("KL" in word for word in words)
    assert "(unit tests)" in str(picture.chart().to_dict())


@pytest.mark.parametrize("figure", BY_DECOMPOSITION, ids=lambda figure: figure.name)
def test_a_picture_without_points_is_empty(built: Built, figure: Figure) -> None:
    tables = read_tables(built.database, figure.tables)
    # Letters are shown by Brier alone.
    others = {
        name: table.filter(pl.col("decomposition") == "kl", pl.col("task") == "study") for name, table in tables.items()
    }
    assert not others[figure.tables[0]].is_empty() and figure.is_empty(others)


def test_bars_of_one_standard_deviation_are_not_called_intervals(built: Built) -> None:
    (figure,) = (figure for figure in FIGURES if figure.name == "sample_efficiency")
    spec = str(figure.picture(read_tables(built.database, figure.tables)).chart().to_dict())
    assert "one standard deviation from" in spec and "95 %" not in spec
