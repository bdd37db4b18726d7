"""Findings × pools: which verdict stands where, and the text that a click on it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.figures.base import short_model
from warehouse.report.pools import BETWEEN, LONGER, WITHIN, Pool, place_of, slope_key
from warehouse.report.words import counted, decomposition, interval, length, note, number, percent, verdict

Row = dict[str, Any]

MOST_COLUMNS = 12
"""More pools than these have their verdicts in the table of models; the matrix has those of all models together."""

SHORT_TITLES = {
    LONGER: "Longer reasoning, more incoherent",
    "overthinking_more_incoherent": "…on one item: longer half of its samples",
    WITHIN: "…on one item: slope over its samples",
    "overthinking_beats_budgets": "…and that by more than budgets lower it",
    "scale_helps_easy_not_hard": "Scale helps on easy, not on hard items",
    "synthetic_incoherence_rises_with_steps": "Optimizer: incoherence rises with steps",
    "synthetic_bias_falls_faster_than_variance": "Optimizer: bias² falls before variance",
}
"""Of findings, in the order of the matrix; others follow by their own titles."""


@dataclass(frozen=True)
class Opened:
    """What a click on a verdict opens.

    Attributes:
        title: the finding.
        verdict: of the row.
        sentence: the finding's own.
        facts: pairs of a name and what it is.
        place: where on the page its section is, if it has a row there.
    """

    title: str
    verdict: str
    sentence: str
    facts: list[tuple[str, str]]
    place: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of the matrix.

    Attributes:
        group, label: the two lines of its head.
        key: task, and the condition (or problem and temperature) that its findings are told of.
        pool: the pool that it is of; None where all models are told of together.
    """

    group: str
    label: str
    key: tuple[str, str]
    pool: Pool | None = None


@dataclass(frozen=True)
class Matrix:
    """Rows are pairs of a short title and, by column, the number of the text to open, or None."""

    columns: list[Column]
    rows: list[tuple[str, list[int | None]]]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one group, counted."""
        counted: list[tuple[str, int]] = []
        for column in self.columns:
            if counted and counted[-1][0] == column.group:
                counted[-1] = (column.group, counted[-1][1] + 1)
            else:
                counted.append((column.group, 1))
        return counted


def open_finding(row: Row) -> Opened:
    """A row of `figures.findings`."""
    facts = [(row["statistic_name"], _value(row["statistic"], row["statistic_ci_low"], row["statistic_ci_high"]))]
    facts.append(("counted", f"{row['n']:,} {row['n_unit']}, {counted(row['n_models'] or 1, 'model')}"))
    if row["p_value"] is not None:
        facts.append(("p, and corrected for all findings shown", f"{row['p_value']:.2g}, {row['p_adjusted']:.2g}"))
    if row["n_analyses"] is not None:
        share = (
            f"{row['n_same_verdict']} of {row['n_analyses']} ways to analyse it ({percent(row['share_same_verdict'])})"
        )
        facts.append(("same verdict in", share))
    if row["other_verdict"] is not None:
        facts.append(("verdict by the other decomposition", verdict(row["other_verdict"])))
    facts.append(("the paper shows", row["paper_shows"]))
    return Opened(row["title"], row["verdict"], row["sentence"], facts, f"finding-{row['place']}")


SLOPES = {
    BETWEEN: (SHORT_TITLES[LONGER], "slope of log incoherence over log length, between items"),
    WITHIN: (
        "On one item, the longer samples are more incoherent",
        "slope of log incoherence over log length, of an item's longer against its shorter samples",
    ),
}
"""By what a slope is over: what it speaks to, and what it is."""


def open_slope(row: Row) -> Opened:
    """A row of `figures.fig_incoherence_slopes`, of one model or of all together."""
    title, statistic = SLOPES[row["slope_over"]]
    subject = "all models" if row["model_id"] is None else short_model(row["model_id"])
    where = f"{subject} on {row['task']} ({row['condition_label'] or row['condition_id']})"
    value = _value(row["slope"], row["slope_ci_low"], row["slope_ci_high"])
    why = f" No interval: {note(row['interval_note'])}." if row["interval_note"] else ""
    sentence = (
        f"{verdict(row['verdict']).capitalize()} for {where}: {decomposition(row['decomposition'])} incoherence goes "
        f"as the power {value} of {length(row['length_axis'])}.{why}"
    )
    facts = [(statistic, value), ("counted", f"{row['n_items']:,} items, {counted(row['n_models'] or 1, 'model')}")]
    wanted = (
        ("n_more_items", "more items that would decide"),
        ("n_more_samples_per_item", "more samples per item that would"),
    )
    facts += [(words, f"{row[name]:,}") for name, words in wanted if row[name] is not None]
    facts.append(("other ways to analyse it", "are told of all models together, in the row of the finding"))
    return Opened(title, row["verdict"], sentence, facts)


def matrices(findings: Sequence[Row], slopes: Sequence[Row], shown: Sequence[Pool]) -> list[Matrix]:
    """One of the pools' findings and one of the optimizer's, which share no column; without those that have no rows.

    Args:
        findings: rows of `figures.findings` of kind `finding`, with `opened`, the number of the text that a click on
            them opens, and `condition`, what tells a task's conditions apart.
        slopes: rows of `figures.fig_incoherence_slopes`, with `opened`.
        shown: the pools.
    """
    of_pools, of_optimizer = (
        [row for row in findings if (row["problem_id"] is None) == is_pool] for is_pool in (True, False)
    )
    both = (_matrix(of_pools, slopes, shown), _matrix(of_optimizer, [], []))
    return [each for each in both if each.rows]


def _matrix(findings: Sequence[Row], slopes: Sequence[Row], shown: Sequence[Pool]) -> Matrix:
    together = [row for row in slopes if row["slope_over"] == WITHIN and row["model_id"] is None]
    places = {(row["finding"], _key(row)): row["opened"] for row in findings}
    places |= {(WITHIN, slope_key(row)[:2]): row["opened"] for row in together}
    columns = _columns(findings, shown)
    titles = {str(row["finding"]): SHORT_TITLES.get(row["finding"], str(row["title"])) for row in findings}
    if together:
        titles[WITHIN] = SHORT_TITLES[WITHIN]
    ordered = sorted(titles, key=lambda name: list(SHORT_TITLES).index(name) if name in SHORT_TITLES else len(titles))
    rows = [(titles[name], [_cell(name, column, places) for column in columns]) for name in ordered]
    return Matrix(columns, [(title, cells) for title, cells in rows if any(cell is not None for cell in cells)])


def _columns(findings: Sequence[Row], shown: Sequence[Pool]) -> list[Column]:
    """For each task and condition one for all models, and if they are few one for each pool."""
    known = {(pool.row["task"], pool.row["condition_id"]): place_of(pool) for pool in shown}
    told: dict[tuple[str, str], Row] = {}
    for row in sorted(findings, key=lambda row: (_key(row) not in known, known.get(_key(row), ()))):
        told.setdefault(_key(row), row)
    pools = [pool for pool in shown if pool.slope is not None]
    is_expanded = len(shown) > 1 and len(told) + len(pools) <= MOST_COLUMNS
    columns = []
    for key, row in told.items():
        condition = row["condition"] or (f"T {row['temperature']:.1f}" if row["temperature"] is not None else "")
        mine = [pool for pool in pools if (pool.row["task"], pool.row["condition_id"]) == key] if is_expanded else []
        group = row["task"] + (f" · {condition}" if condition and mine else "")
        columns.append(Column(group, "all models" if mine else condition or "all models", key))
        columns += [Column(group, pool.model, key, pool) for pool in mine]
    return columns


def _cell(name: str, column: Column, places: dict[tuple[str, tuple[str, str]], int]) -> int | None:
    if column.pool is None:
        return places.get((name, column.key))
    told = {LONGER: column.pool.slope, WITHIN: column.pool.within}.get(name)
    return told[0] if told is not None else None


def _key(row: Row) -> tuple[str, str]:
    """Task, and the condition, or problem and temperature, that the finding is told of."""
    return row["task"], row["condition_id"] or f"{row['problem_id']} {row['temperature']}"


def _value(value: float | None, low: float | None, high: float | None) -> str:
    ends = interval(low, high, "+.2f")
    return number(value, "+.2f") + (f" (95 % interval {ends})" if ends else "")
