"""What the report says of rows made by hand: nothing is forced, and what is short can be unpacked again."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import duckdb
import polars as pl
import pytest

from warehouse.report.answer import sentences
from warehouse.report.charts import compressed, packed, reason
from warehouse.report.matrix import matrices, open_finding
from warehouse.report.page import ASSETS
from warehouse.report.pools import BETWEEN, LONGER, Pool, grid, pools

NUMBERS = {
    "n_items": 10,
    "n_samples": 50,
    "accuracy": 0.5,
    "mean_score": None,
    "error": 1.0,
    "decomposition": "brier",
    "is_main_decomposition": True,
}


def made(*rows: tuple[str, str, str, float | None, float | None, float | None], **slopes: str) -> list[Pool]:
    """Pools of (task, model, condition, incoherence, low, high); verdicts on longer reasoning by model."""
    table = pl.DataFrame(
        [
            {
                **NUMBERS,
                "task": task,
                "model_id": model,
                "model_family": "f",
                "condition_id": condition,
                "condition_label": condition,
                "budget_rank": {"low": 1, "high": 2}.get(condition),
                "is_simulated": False,
                "incoherence_unbiased": incoherence,
                "incoherence_unbiased_ci_low": low,
                "incoherence_unbiased_ci_high": high,
                "interval_note": None if low else "too_few_errors",
            }
            for task, model, condition, incoherence, low, high in rows
        ],
        infer_schema_length=None,
    )
    opened = {
        (row["task"], row["condition_id"], row["model_id"], BETWEEN): (place, slopes[row["model_id"]])
        for place, row in enumerate(table.iter_rows(named=True))
        if row["model_id"] in slopes
    }
    return pools(table, opened)


def finding(verdict: str, statistic: float | None = 0.3, **values: Any) -> dict[str, Any]:
    return {
        "finding": LONGER,
        "title": "Longer is worse",
        "task": "quiz",
        "condition_id": "low",
        "condition": "low",
        "problem_id": None,
        "temperature": None,
        "model_id": None,
        "n_models": 2,
        "n": 40,
        "n_unit": "items",
        "n_more": None,
        "verdict": verdict,
        "statistic_name": "slope",
        "statistic": statistic,
        "statistic_ci_low": None if statistic is None else statistic - 0.2,
        "statistic_ci_high": None if statistic is None else statistic + 0.2,
        "p_value": None,
        "p_adjusted": None,
        "decomposition": "brier",
        "length_axis": "output_tokens",
        "n_analyses": None,
        "n_same_verdict": None,
        "share_same_verdict": None,
        "other_verdict": None,
        "paper_shows": "Slopes above 0. Figure 2.",
        "sentence": "A sentence.",
        "place": 0,
        "opened": 0,
    } | values


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.6, 0.8, "a hot mess"),
        (0.1, 0.4, "the same mistake"),
        (0.4, 0.8, "cannot be told"),
        (None, None, "cannot be told"),
    ],
)
def test_one_pool_is_told_by_the_side_of_its_whole_interval(low: float | None, high: float | None, words: str) -> None:
    (_, told), *_ = sentences(made(("quiz", "m", "low", 0.7, low, high)), [])
    assert words in told and "0.70" in told
    assert ("too few errors" in told) == (low is None)


def test_several_pools_are_counted_and_their_extremes_named() -> None:
    shown = made(
        ("quiz", "a", "low", 0.7, 0.6, 0.8), ("quiz", "b", "low", 0.2, 0.1, 0.3), ("quiz", "c", "low", 0.5, 0.4, 0.6)
    )
    (_, told), *_ = sentences(shown, [])
    assert "1 clearly more scatter than bias, 1 clearly more bias than scatter, 1 cannot tell" in told
    assert "0.20 (0.10–0.30) for b" in told and "0.70 (0.60–0.80) for a" in told


def test_longer_reasoning_keeps_its_verdict_and_names_what_would_decide() -> None:
    shown = made(("quiz", "a", "low", 0.7, 0.6, 0.8), ("quiz", "b", "low", 0.2, 0.1, 0.3), a="holds", b="cannot_tell")
    row = finding("cannot_tell", n_more=30, share_same_verdict=0.5)
    _, (_, longer), (_, sure) = sentences(shown, [row])
    assert longer.startswith("Cannot tell: Brier incoherence goes as the power +0.30 of output tokens")
    assert "Model by model: holds in 1, cannot tell in 1." in longer
    assert "50 % of the ways" in sure and "30 more items would decide" in sure
    _, (_, nothing), _ = sentences(shown, [])
    assert nothing.startswith("Nothing here can tell")
    _, (_, without), _ = sentences(shown, [finding("cannot_tell", None)])
    assert "no slope" in without


def test_a_grid_has_a_row_per_model_and_budgets_in_order() -> None:
    shown = made(
        ("quiz", "a", "high", 0.7, None, None),
        ("quiz", "a", "low", 0.6, None, None),
        ("quiz", "b", "low", 0.2, None, None),
    )
    made_of = grid(shown)
    assert made_of.columns == [("quiz", "low"), ("quiz", "high")]
    assert [(name, [cell and cell.row["incoherence_unbiased"] for cell in cells]) for name, cells in made_of.rows] == [
        ("a", [0.6, 0.7]),
        ("b", [0.2, None]),
    ]


def test_the_matrix_has_a_cell_per_pool_only_where_it_has_a_verdict() -> None:
    shown = made(("quiz", "a", "low", 0.7, 0.6, 0.8), ("quiz", "b", "low", 0.2, 0.1, 0.3), a="holds")
    other = finding("holds", finding="new_one", title="Something new", opened=7)
    (matrix,) = matrices([finding("negligible", opened=6), other], [], shown)
    assert [column.label for column in matrix.columns] == ["all models", "a"]
    assert matrix.rows == [("Longer reasoning, more incoherent", [6, 0]), ("Something new", [7, None])]
    assert matrix.groups == [("quiz · low", 2)]


def test_a_click_opens_statistic_and_share_of_the_other_analyses() -> None:
    facts = dict(open_finding(finding("holds", n_analyses=8, n_same_verdict=6, share_same_verdict=0.75)).facts)
    assert facts["slope"] == "+0.30 (95 % interval +0.10 to +0.50)"
    assert facts["same verdict in"] == "6 of 8 ways to analyse it (75 %)"
    assert facts["counted"] == "40 items, 2 models"
    assert facts["the paper shows"] == "Slopes above 0. Figure 2."


def test_rows_of_a_chart_are_packed_by_column_and_without_what_it_does_not_name() -> None:
    rows = [
        {"x": 0.123456789, "name": "a", "task": "t", "unused": 1},
        {"x": None, "name": "b", "task": "t", "unused": 2},
    ]
    spec = {"encoding": {"x": {"field": "x"}, "color": {"field": "name"}}, "datasets": {"d": rows}}
    chart = packed(spec)
    assert chart["data"]["d"] == {
        "x": [0.12346, None],
        "name": {"of": ["a", "b"], "at": [0, 1]},
        "task": {"of": ["t"], "at": [0, 0]},
    }
    assert json.loads(gzip.decompress(base64.b64decode(compressed(chart)))) == chart


def contrast(one: str, other: str) -> float:
    """Ratio of the relative luminances of two colours (WCAG 2.2, 1.4.3)."""

    def luminance(color: str) -> float:
        color = "".join(2 * digit for digit in color) if len(color) == 3 else color
        parts = [int(color[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_words_stand_out_in_light_and_dark() -> None:
    themes = re.findall(r":root(?:\[[^]]+\])? \{([^}]+)\}", (ASSETS / "style.css").read_text())
    assert len(themes) == 2
    for theme in themes:
        colors = dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", theme))
        pairs = [(ink, paper) for ink in ("ink", "soft", "accent", "tag") for paper in ("paper", "panel")]
        pairs += [("holds-ink", "holds"), ("not-ink", "not"), ("small-ink", "small"), ("open-ink", "open")]
        for ink, paper in pairs:
            assert contrast(colors[ink], colors[paper]) >= 4.5, (ink, paper)


def test_a_file_of_an_earlier_version_is_told_as_one() -> None:
    with duckdb.connect() as con, pytest.raises(duckdb.CatalogException) as caught:
        con.execute("create schema figures; from figures.fig_survey")
    assert reason(caught.value).startswith("the published file lacks a table") and "incoherence build" in reason(
        caught.value
    )
