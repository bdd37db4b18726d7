"""Pools that a statistician would not call data, from a table through import, build and publish to the report.

One warehouse holds them all, because one must not stop the others. Each value is written here, worked out by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.analysis import analyze
from tests.reports import carried_by
from warehouse.connect import connect
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.report import everything

Rows = list[dict[str, Any]]


def samples(task: str, items: dict[str, list[Any]], n_choices: int = 4, length: int | None = None) -> Rows:
    """Rows of a task whose right answer is always A; an item has one answer per sample."""
    return [
        {"task": task, "q": item, "run": run, "resp": answer, "gold": "A", "n": n_choices, "tokens": length or run + 10}
        for item, answers in items.items()
        for run, answer in enumerate(answers)
    ]


MANY, MIXED, GRADED = (0.720528, 0.924033), (0.219288, 0.863560), (0.386002, 0.864179)
"""Intervals, by `tests/oracles/corrected.py` from the errors and variances of the items."""

ALPHABET = [chr(ord("A") + place) for place in range(26)]

LETTERS: Rows = [
    *samples("identical_repeats", {q: ["B"] * 6 for q in ("q1", "q2")}),
    *samples("identical_greedy", {f"q{n}": ["AB"[n % 2]] * 30 for n in range(12)}),
    *samples("all_right", {q: ["A"] * 6 for q in ("q1", "q2")}),
    *samples("all_wrong", {f"q{n:02d}": ["B", "C"] for n in range(20)}),
    *samples("all_unreadable", {q: ["?"] * 6 for q in ("q1", "q2")}),
    *samples("one_wrong_in_200", {f"q{n:02d}": ["B" if n == 7 else "A"] + ["A"] * 9 for n in range(20)}),
    *samples("one_sample", {f"q{n}": ["A" if n % 2 else "B"] for n in range(8)}),
    *samples("one_item", {"q1": ["A", "B", "B", "A"]}),
    *samples("equal_lengths", {f"q{n}": ["A", "B", "B", "A"] for n in range(6)}, length=50),
    *samples("many_options", {f"q{n}": [ALPHABET[n], ALPHABET[25], "A", "A"] for n in range(6)}, n_choices=26),
    *samples("cut_off", {f"q{n}": ["A", "B", "<think>A or B", "<think>A"] for n in range(3)}),
    *samples("mixed_options", {"two": ["B", "A"]}, n_choices=2),
    *samples("mixed_options", {f"five{n}": ["E", "D"] for n in range(3)}, n_choices=5),
]

GRADES: Rows = [
    {"task": "nan_scores", "q": f"q{item}", "run": run, "grade": "NaN" if run == 3 else (item + run) % 2}
    for item in range(6)
    for run in range(4)
]

WITHHELD, OPEN = "gpqa_diamond", "told_openly"

TEXTS: Rows = [
    row | {"asked": f"Secret of {task}, asked", "said": f"I repeat the secret of {task}.\nANSWER: {row['resp']}"}
    for task in (WITHHELD, OPEN)
    for row in samples(task, {"q1": ["A", "B", "B", "A"]})
]
"""A task whose terms forbid to show its texts, and one without such terms, answered by a model that repeats them."""


@dataclass(frozen=True)
class Told:
    """What the warehouse says of these pools: on import, in its published file, on the page.

    Attributes:
        page: as it is written.
        carried: what the page unpacks.
    """

    messages: str
    published: duckdb.DuckDBPyConnection
    page: str
    carried: str

    def pool(self, task: str, decomposition: str) -> dict[str, Any]:
        """The pooled row of a task."""
        result = self.published.execute(
            "from marts.fct_incoherence where task = ? and decomposition = ?", [task, decomposition]
        )
        names = [column[0] for column in result.description]
        (row,) = result.fetchall()
        return dict(zip(names, row, strict=True))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    layout = Layout(tmp_path_factory.mktemp("pathological"))
    folder = tmp_path_factory.mktemp("tables")
    for name, rows, mapping in (
        ("letters", LETTERS, "n_choices: n\ntarget: gold\nanswer: resp\noutput_tokens: tokens\n"),
        ("grades", GRADES, "score: grade\n"),
        ("texts", TEXTS, "n_choices: n\ntarget: gold\nanswer: resp\nquestion: asked\ncompletion: said\n"),
    ):
        table = folder / f"{name}.jsonl"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
        head = "task: task\nmodel: {value: m}\nitem: q\nepoch: {field: run, add: 1}\n"
        Path(f"{table}.mapping.yaml").write_text(head + mapping)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(everything, "FIGURES", ())  # the still pictures are drawn elsewhere
        done = analyze(folder, root=layout.root, tell=lambda problem: None)
    assert not done.report.faults
    page = done.report.page.read_text(encoding="utf-8")
    with connect(layout.published_database) as con:
        yield Told(" ".join(r.message for r in done.imported.reports), con, page, carried_by(page))


EXPECTED = {
    # task, decomposition: mean error, plug-in, corrected, its interval, n_effective, why there is no interval
    ("identical_repeats", "brier"): (2, 0, 0, None, 2, "all_identical"),
    ("identical_repeats", "kl"): (12 * log(10), 0, 0, None, 2, "all_identical"),
    # Half of the items are always wrong.
    ("identical_greedy", "brier"): (1, 0, 0, None, 6, "all_identical"),
    ("all_right", "brier"): (0, None, None, None, None, "no_errors"),
    ("all_right", "kl"): (0, None, None, None, None, "no_errors"),
    # Two different wrong answers: Σ p² = 1/2, halved by two samples.
    ("all_wrong", "brier"): (2, 1 / 4, 1 / 2, None, 20, "no_spread"),
    ("all_unreadable", "brier"): (3 / 4, 0, 0, None, 2, "all_identical"),
    ("all_unreadable", "kl"): (log(4), 0, 0, None, 2, "all_identical"),
    ("one_wrong_in_200", "brier"): (1 / 100, 9 / 10, 1, None, 1, "too_few_errors"),
    ("one_sample", "brier"): (1, None, None, None, None, "one_sample_per_item"),
    ("one_sample", "kl"): (6 * log(10), None, None, None, None, "one_sample_per_item"),
    ("one_item", "brier"): (1, 1 / 2, 2 / 3, None, 1, "one_item"),
    ("equal_lengths", "brier"): (1, 1 / 2, 2 / 3, None, 6, "no_spread"),
    # One item with a wrong answer in four, five with two different ones.
    ("many_options", "brier"): (11 / 12, 7 / 11, 28 / 33, MANY, 11**2 / 21, None),
    # One item of two options, right half the time, and three of five that are always wrong.
    ("mixed_options", "brier"): (7 / 4, 2 / 7, 4 / 7, MIXED, 49 / 13, None),
    # Three grades each of 0, 1, 0 or 1, 0, 1.
    ("nan_scores", "score"): (1 / 2, 4 / 9, 2 / 3, GRADED, 27 / 5, None),
}


@pytest.mark.parametrize(("task", "decomposition"), EXPECTED)
def test_each_pool_has_its_numbers_or_a_word_why_not(told: Told, task: str, decomposition: str) -> None:
    row = told.pool(task, decomposition)
    error, plug_in, corrected, interval, n_effective, note = EXPECTED[task, decomposition]
    assert row["error"] == pytest.approx(error, abs=1e-9)
    assert row["incoherence"] == pytest.approx(plug_in, abs=1e-9)
    assert row["incoherence_unbiased"] == pytest.approx(corrected, abs=1e-9)
    ends = row["incoherence_unbiased_ci_low"], row["incoherence_unbiased_ci_high"]
    assert ends == pytest.approx(interval or (None, None), abs=1e-4)
    assert row["n_effective"] == pytest.approx(n_effective)
    assert row["interval_note"] == note
    assert (row["incoherence"] is None) == (error == 0 or task == "one_sample")


def test_what_cannot_be_graded_is_counted_and_named(told: Told) -> None:
    assert "6 of 24 samples have no score" in told.messages and "NaN" in told.messages
    assert told.pool("nan_scores", "score")["n_samples"] == 18
    assert told.pool("all_unreadable", "brier")["n_format_failures"] == 12


def test_cut_off_answers_are_counted_and_named(told: Told) -> None:
    pool = told.pool("cut_off", "brier")
    assert (pool["n_samples"], pool["n_format_failures"], pool["n_cut_off"], pool["is_often_cut_off"]) == (
        12,
        6,
        6,
        True,
    )
    assert not told.pool("all_unreadable", "brier")["is_often_cut_off"]
    assert "<b>Answers were cut off</b>" in told.page and "cut_off, m (6 of 12)" in told.page
    figure = "select n_cut_off, cut_off_rate from figures.fig_format_failures where task = 'cut_off'"
    assert told.published.execute(figure).fetchall() == [(6, 0.5)]


def test_nothing_published_is_no_number(told: Told) -> None:
    tables = told.published.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('marts', 'figures') and data_type = 'DOUBLE'"
    ).fetchall()
    assert tables
    for schema, table, column in tables:
        broken = told.published.execute(
            f'select count(*) from {schema}.{table} where not isfinite("{column}")'
        ).fetchone()
        assert broken == (0,), (table, column)


def test_the_planner_does_not_plan_what_has_no_interval(told: Told) -> None:
    planned = told.published.execute("select distinct task from figures.fig_planner order by task").fetchall()
    assert [task for (task,) in planned] == ["many_options", "mixed_options", "nan_scores"]


def test_the_page_says_why(told: Told) -> None:
    for words in ("nothing went wrong", "no answer ever changed", "one sample per item", "too few errors", "one item"):
        assert words in told.page
    assert "None" not in told.page.split("<h2 id")[1]


def test_no_text_of_a_withheld_task_reaches_the_page(told: Told) -> None:
    charts = json.loads(told.carried)["charts"]
    (rows,) = charts["transcripts"]["data"].values()
    assert {WITHHELD, OPEN} <= set(rows["task"]["of"]), "both have an item of high variance"
    for text in (f"Secret of {OPEN}, asked", f"I repeat the secret of {OPEN}."):
        assert text in told.carried, "where nothing forbids it, the page shows the text"
    for shown in (told.page, told.carried):
        assert f"ecret of {WITHHELD}" not in shown


def test_every_finding_has_its_sentence(told: Told) -> None:
    found = told.published.execute("select sentence, n from figures.findings").fetchall()
    assert found
    for sentence, n in found:
        assert sentence and sentence.endswith("."), sentence
        assert n is not None, sentence


def test_sentences_are_not_put_together_by_an_operator_that_a_null_empties() -> None:
    """`||` with one missing operand is NULL; the macro `words` is not."""
    findings = [*(DBT_PROJECT_DIR / "models").rglob("*finding*.sql"), *(DBT_PROJECT_DIR / "macros").glob("*words.sql")]
    assert len(findings) > 7
    for path in findings:
        code = [line for line in path.read_text(encoding="utf-8").splitlines() if "`||`" not in line]
        assert not any("||" in line for line in code), path
