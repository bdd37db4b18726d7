from __future__ import annotations

import polars as pl

from warehouse.figures.base import with_series, with_telling_conditions


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


def test_a_label_keeps_what_tells_a_task_s_conditions_apart() -> None:
    table = pools(
        ("a", "m", "choice · effort low · T 1.0"),
        ("a", "m", "choice · effort high · T 1.0"),
        ("b", "m", "choice · effort low · T 1.0"),
        ("c", "m", None),
    )
    assert with_telling_conditions(table)["condition_label"].to_list() == ["effort low", "effort high", "", ""]


def test_a_series_is_a_model_and_its_condition_where_one_is_needed() -> None:
    table = pools(
        ("a", "vendor/large", "choice · T 0.6"),
        ("a", "mockllm/x", "choice · T 1.0"),
        ("b", "vendor/large", "choice · T 0.6"),
    )
    assert with_series(table)["series"].to_list() == ["x · T 1.0 (simulated)", "large · T 0.6", "large"]
