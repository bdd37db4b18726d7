"""Raw rows in which everything shows that Spark and DuckDB would do differently, and as few of them as that takes.

Every line of docs/spark.md's table of differences has its rows here, beside the dirt of `tests.dbt`'s random rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.dbt.random_raw import (
    NOW,
    RawRows,
    condition_row,
    item_row,
    model_row,
    random_eval_rows,
    random_synthetic_rows,
    sample_row,
)
from tests.dbt.random_study import budget_rows, independent_rows, random_study_rows, trial_rows, under_judges

SETTINGS = (
    r"""{"prompt_format": "choice", "note": "it's a \"back\\slash\"", "stop": ["a", "b"], """
    r""""deep": {"x.y": [1, 2.0, null]}}"""
)


def covering_rows() -> list[RawRows]:
    """What is written into the raw layer."""
    evals = (
        random_eval_rows(7)
        + random_study_rows(10)
        + independent_rows(11, n_items=7, n_samples=40)
        + budget_rows(12, n_items=11, n_samples=4)
        + trial_rows(13)
        + twins()
        + many_items()
        + one_item()
    )
    return [under_judges(evals, 14), random_synthetic_rows(8, dimension=2)]


def twins() -> RawRows:
    """Two models whose lengths correlate exactly."""
    rows = RawRows(conditions=[condition_row("twins", "choice")], models=[model_row("one"), model_row("two")])
    for number in range(9):
        item = item_row("twins", f"w{number}", 3, number % 3)
        rows.items.append(item)
        for model_id in ("one", "two"):
            rows.samples += [
                sample_row(item, model_id, "twins", epoch, choice_index=epoch % 3, output_tokens=2 ** (number + 3))
                for epoch in (1, 2, 3)
            ]
    return rows


def many_items() -> RawRows:
    """More than 200 items, from which on Student's quantiles are worked out; texts with quotes and white space."""
    rows = RawRows(
        conditions=[condition_row("many", "choice") | {"settings": SETTINGS}, condition_row("many more", "choice")],
        models=[model_row("o'brien")],
    )
    for number in range(205):
        item = item_row("many", f"m{number:03d}", 2, number % 2) | {"choices": None, "question": "Is it\n\t'so'?"}
        rows.items.append(item)
        for condition_id, n_samples in (("many", 2), ("many more", 3)):
            rows.samples += [
                sample_row(item, "o'brien", condition_id, epoch, choice_index=(number + epoch * epoch // 2) % 2)
                | {
                    "output_tokens": 10 + number * epoch,
                    "completion": "Wait, so \\ it's wait",
                    "finish_reason": "length",
                }
                for epoch in range(1, n_samples + 1)
            ]
    return rows


def one_item() -> RawRows:
    """A pool of one item, one with errors alone, and grades without any spread."""
    rows = RawRows(conditions=[condition_row("alone", "open_ended")], models=[model_row("single")])
    tasks: dict[str, dict[str, Any]] = {
        "alone": {"score": 0.25},
        "broken": {"status": "error", "error": "it's down", "created_at": None},
        "perfect": {"score": 1.0},
    }
    for task, values in tasks.items():
        item = item_row(task, "only", None, None) | {"source": "sampler", "question": None}
        rows.items.append(item)
        rows.samples += [sample_row(item, "single", "alone", epoch, **values) for epoch in (1, 2)]
    ranking = {"rater_id": "r", "entity": "ant", "entity_group": "x", "attribute": "alone", "rank": 1.0}
    return replace(rows, survey_rankings=[ranking | {"ingested_at": NOW}])
