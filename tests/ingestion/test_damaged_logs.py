"""Damaged copies of real logs of every kind: a small seeded part of the campaign in `benchmarks/import_fuzz.py`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.damage import Damage, Original, wrong_rows
from benchmarks.import_fuzz import campaign, originals
from tests.ingestion.inspect_runs import mcq_task, run_inspect
from tests.ingestion.test_inspect_readings import asked_twice
from tests.ingestion.test_lm_eval import MATH, document, output
from tests.ingestion.test_lm_eval_metrics import CHOICE, LABELS, LOGS, MASS, chose, moved, old_line
from tests.ingestion.test_random_tables import tables
from tests.ingestion.test_swe_bench import DJANGO, SYMPY, evaluated, report, run_folder
from tests.ingestion.test_tables import LETTERS


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Original]:
    folder = tmp_path_factory.mktemp("logs")
    answers = {"p": ["ANSWER: A", "ANSWER: B", "none"], "q": ["ANSWER: C", "ANSWER: D", "ANSWER: A"]}
    inspect = run_inspect(folder / "eval", mcq_task(answers))
    inspect_json = run_inspect(folder / "json", mcq_task(answers), log_format="json")
    documents = [document(number, [f"#### {number}000", "no idea"]) for number in range(1, 6)]
    told = {"n-samples": {"sums_task": {"original": 5, "effective": 5}}}
    lm_eval = output(folder / "lm_eval", [*documents], {**MATH, "repeats": 2}, **told)
    csv = folder / "runs.csv"
    csv.write_text("q,run,gold,said\n" + "".join(f"q{item},{run},B,B\n" for item in range(3) for run in (1, 2)))
    csv.with_name("runs.csv.mapping.yaml").write_text(LETTERS)
    n_drawn, shapes = tables(folder / "shapes", seed=7)
    run = run_folder(folder, "r1")
    evaluated(run, DJANGO, report(DJANGO))
    evaluated(run, SYMPY, report(SYMPY, failed=("test_a (m.T)",)))
    graded = asked_twice(folder / "graded", ["<think>A?</think>because", "because"], grades_itself=True)
    several_right = [chose(n, LOGS, **LABELS, acc=MASS[0]) for n in range(3)]
    old = output(folder / "old", [old_line(line) for line in several_right], CHOICE)
    old = moved(old, "pretrained__m_sums_task.jsonl", "results.json")
    found = originals([inspect, inspect_json, lm_eval, csv, run, graded, old, *shapes])
    assert [sum(map(len, log.rows.values())) for log in found] == [6, 6, 10, 6, 2, 4, 6, *[n_drawn] * len(shapes)]
    return found


def test_damaged_copies_are_read_rightly_or_not_at_all(logs: list[Original]) -> None:
    told = campaign(logs, 0, 160, seed=3)
    assert told["wrong"] == []
    assert sum(told["outcomes"].values()) == 160
    assert {"imported", "imported in part", "refused"} <= told["outcomes"].keys()


def test_the_campaign_would_notice(logs: list[Original]) -> None:
    """A wrong value, a row that nobody drew, a loss that nobody is told of, a change in what is not read from there."""
    log = logs[0]
    (first, (row,)), *_ = log.rows.items()
    changed = {**log.rows, first: [{**row, "choice_index": 3}]}
    lost = {key: rows for key, rows in log.rows.items() if key != first}
    strange = {**log.rows, ("task", "model", "nobody", 1): [row]}
    touched = frozenset({first})
    assert wrong_rows(log, Damage("flipped bits"), log.rows, n_unread=0) == []
    assert "choice_index" in wrong_rows(log, Damage("flipped bits"), changed, n_unread=0)[0]
    assert "nothing in it was changed" in wrong_rows(log, Damage("flipped bits"), strange, n_unread=0)[0]
    assert "lost in silence" in wrong_rows(log, Damage("cut"), lost, n_unread=0)[0]
    assert wrong_rows(log, Damage("cut"), lost, n_unread=1) == []
    assert wrong_rows(log, Damage("value in output", touched, frozenset({"choice_index"})), changed, n_unread=0) == []
    assert "choice_index" in wrong_rows(log, Damage("value in input", touched, frozenset()), changed, n_unread=0)[0]
    told = json.dumps([row["completion"] for (row,) in log.rows.values()])
    assert "ANSWER: A" in told  # the rows that were compared hold what was drawn


def test_logs_from_which_nothing_is_read_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.eval").write_text("not a zip")
    assert originals([tmp_path / "a.eval"]) == []
