"""What the page shows of each pool (task, model and condition): a row of `marts.fct_incoherence` and its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from warehouse.figures.base import main_rows, short_model, with_telling_conditions
from warehouse.report import words

LONGER = "longer_reasoning_more_incoherent"
"""The finding that a pool's own slope over reasoning length speaks to."""

BETWEEN, WITHIN = "reasoning_length", "within_item"
"""What a slope is over: the mean lengths of items, or the lengths of one item's samples (`slope_over`)."""

SlopeKey = tuple[str, str, str | None, str]
"""Task, condition, model (None for all together), and what the slope is over."""

SCATTER, BIAS, OPEN = "scatter", "bias", "open"


@dataclass(frozen=True)
class Pool:
    """One pool by its main decomposition.

    Attributes:
        index: its number on the page.
        row: the row of `MODELS`.
        condition: what tells its condition from the task's others; may be empty.
        slope: number of the opened text on its slope over reasoning length, and that slope's verdict.
        within: the same of the slope within items.
    """

    index: int
    row: dict[str, Any]
    condition: str
    slope: tuple[int, str] | None = None
    within: tuple[int, str] | None = None

    @property
    def model(self) -> str:
        """Its model's short name."""
        return short_model(self.row["model_id"])

    @property
    def name(self) -> str:
        """Model and, where it tells, condition."""
        return self.model + (f" · {self.condition}" if self.condition else "")

    @property
    def right(self) -> tuple[str, float | None]:
        """Accuracy; where graded, the mean score."""
        if self.row["accuracy"] is None and self.row["mean_score"] is not None:
            return "mean score", self.row["mean_score"]
        return "accuracy", self.row["accuracy"]

    @property
    def interval(self) -> str:
        """The ends of its incoherence's interval, or why there is none."""
        ends = words.interval(*(self.row[f"incoherence_unbiased_ci_{end}"] for end in ("low", "high")))
        return ends or words.note(self.row["interval_note"])

    @property
    def leans(self) -> str:
        """On which side of one half the whole interval of incoherence lies; `open` if on neither, or without one."""
        low, high = (self.row[f"incoherence_unbiased_ci_{end}"] for end in ("low", "high"))
        if low is None or high is None or low <= 0.5 <= high:
            return OPEN
        return SCATTER if low > 0.5 else BIAS


@dataclass(frozen=True)
class Grid:
    """Many pools as a table: a row per model, a column per task and condition; `tasks` counts each task's columns."""

    columns: list[tuple[str, str]]
    rows: list[tuple[str, list[Pool | None]]]

    @property
    def tasks(self) -> dict[str, int]:
        """The tasks from left to right, with their numbers of columns."""
        return dict(Counter(task for task, _ in self.columns))


def slope_key(row: Mapping[str, Any]) -> SlopeKey:
    """What a row of `figures.fig_incoherence_slopes` is known by."""
    return row["task"], row["condition_id"], row["model_id"], row["slope_over"]


def pools(models: pl.DataFrame, opened: Mapping[SlopeKey, tuple[int, str]]) -> list[Pool]:
    """The pools in the order of `models`.

    Args:
        models: rows of the query MODELS.
        opened: the number of the text on each slope, and its verdict.
    """
    shown = main_rows(models)
    if shown.is_empty():
        return []
    telling = with_telling_conditions(shown)["condition_label"]
    found = []
    for index, (row, condition) in enumerate(zip(shown.iter_rows(named=True), telling, strict=True)):
        slopes = [opened.get((row["task"], row["condition_id"], row["model_id"], over)) for over in (BETWEEN, WITHIN)]
        found.append(Pool(index, row, condition or "", *slopes))
    return found


def place_of(pool: Pool) -> tuple[Any, ...]:
    """By what columns of pools are sorted: task, and the condition from the smallest budget on."""
    rank = pool.row["budget_rank"]
    return pool.row["task"], rank is None, rank or 0, pool.row["condition_id"]


def grid(shown: Sequence[Pool]) -> Grid:
    """Pools by model, in order of first appearance, and by task and condition."""
    keys = sorted({place_of(pool): (pool.row["task"], pool.condition) for pool in shown}.items())
    cells: dict[str, dict[tuple[Any, ...], Pool]] = {}
    for pool in shown:
        cells.setdefault(pool.row["model_id"], {})[place_of(pool)] = pool
    return Grid(
        [column for _, column in keys],
        [(short_model(model), [row.get(key) for key, _ in keys]) for model, row in cells.items()],
    )
