from __future__ import annotations

import matplotlib as mpl
import polars as pl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import cut_to_log_axis, main_rows, with_series, with_telling_conditions
from warehouse.figures.few import give_title
from warehouse.figures.incoherence_difference import _dots
from warehouse.figures.lines import Lines
from warehouse.figures.render import STYLE


def pools(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "task": task,
                "model_id": model,
                "condition_id": str(label),
                "condition_label": label,
                "param_count": len(model),
                "is_simulated": model.startswith("mockllm/"),
            }
            for task, model, label in rows
        ]
    )


def test_a_condition_is_told_where_a_task_has_several() -> None:
    table = pools(("a", "m", "effort: low"), ("a", "m", "effort: high"), ("b", "m", "effort: low"), ("c", "m", None))
    assert with_telling_conditions(table)["condition_label"].to_list() == ["effort: low", "effort: high", "", ""]


def test_a_series_is_a_model_and_its_condition_where_one_is_needed() -> None:
    table = pools(
        ("a", "vendor/large", "T: 0.6"),
        ("a", "mockllm/x", "T: 1"),
        ("b", "vendor/large", "T: 0.6"),
    )
    assert with_series(table)["series"].to_list() == ["x · T: 1 (simulated)", "large · T: 0.6", "large"]


def test_rows_are_shown_that_the_tables_mark_and_name_their_decomposition() -> None:
    table = pl.DataFrame(
        {
            "task": ["quiz", "quiz", "repair", "repair"],
            "decomposition": ["brier", "kl", "coverage", "coverage"],
            "is_main_decomposition": [False, True, True, True],
            "is_main_length_axis": [True, True, False, True],
        }
    )
    assert main_rows(table).select("task_label").to_series().to_list() == ["quiz", "repair (unit tests)"]
    assert main_rows(table.drop("is_main_length_axis")).height == 3
    assert main_rows(table.drop("is_main_decomposition", "decomposition")).height == 3


def test_differences_are_sorted_and_told_in_words() -> None:
    labels = {"low": "effort: low", "high": "effort: high", "plain": None}

    def pair(task: str, one: tuple[str, str], other: tuple[str, str], difference: float) -> dict[str, object]:
        sides = {"": one, "other_": other}
        return {
            "task": task,
            "compared": "conditions" if one[0] == other[0] else "models",
            "decomposition": "kl",
            **{f"{side}model_id": pool[0] for side, pool in sides.items()},
            **{f"{side}condition_id": pool[1] for side, pool in sides.items()},
            **{f"{side}condition_label": labels[pool[1]] for side, pool in sides.items()},
            **{f"{side}is_simulated": pool[0].startswith("mockllm/") for side, pool in sides.items()},
            **{f"incoherence_unbiased_difference{end}": difference for end in ("", "_ci_low", "_ci_high")},
        }

    rows = [
        pair("quiz", ("a/one", "low"), ("b/two", "low"), 0.2),
        pair("quiz", ("a/one", "high"), ("a/one", "low"), -0.1),
        pair("bare", ("a/one", "plain"), ("mockllm/x", "plain"), 0.3),
    ]
    points = _dots({"fig_incoherence_difference": pl.DataFrame(rows)}).points
    assert points["row"].to_list() == [
        "bare (KL): x vs one (simulated)",
        "quiz (KL): one · effort: low vs effort: high",
        "quiz (KL): two vs one · effort: low",
    ]
    assert points["x"].to_list() == [0.3, -0.1, 0.2]


def test_an_interval_that_reaches_zero_ends_at_the_bottom_of_a_logarithmic_axis() -> None:
    lows = pl.DataFrame({"low": [-1.0, 0.0, 0.001, None]})
    assert lows.select(cut_to_log_axis(pl.col("low"), 0.1)).to_series().to_list() == [0.1, 0.1, 0.001, None]


def test_a_fit_is_drawn_from_four_points_on() -> None:
    points = pl.DataFrame({"panel": "p", "series": ["few", "enough"], "x": 1.0, "y": 1.0})
    fits = points.select("panel", "series", slope=1.0, intercept=0.0, n_points=pl.Series([3, 4]))
    lines = Lines(title="", points=points, fits=fits, x_label="", y_label="")
    assert lines._fit("p", "few") is None and lines._fit("p", "enough") is not None


def test_a_title_is_as_wide_as_its_picture_at_most() -> None:
    with mpl.rc_context(STYLE):
        picture = MplFigure(figsize=(5.2, 3), layout="constrained")
        picture.subplots()
        give_title(picture, "WHAT CHANGING A SETTING DID TO INCOHERENCE", "8 of 50 lines", "", "6 of 8 panels")
        picture.draw_without_rendering()
        box = next(text for text in picture.texts).get_window_extent()
    assert box.x0 >= 0 and box.x1 <= picture.bbox.x1
    assert " ".join((picture.get_suptitle() or "").split()) == (
        "WHAT CHANGING A SETTING DID TO INCOHERENCE (8 of 50 lines, 6 of 8 panels; all are in the table)"
    )
