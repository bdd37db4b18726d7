"""Several grades of a sample: all scorers of an Inspect log, and rows of a table that differ in their grader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import import_paths
from ingestion.logs.inspect import graders
from ingestion.logs.table.sniff import propose
from tests.ingestion.conftest import rows
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from tests.ingestion.test_tables import LETTERS, load, refusal, table
from warehouse.layout import Layout

KEY = "sk-" + "a1B2" * 8


def inspect_log(folder: Path, *scores: dict[str, Any], **header: Any) -> Path:
    """A log of one item, with an epoch for each of the given scores."""
    members: dict[str, object] = {"header.json": HEADER | header}
    for epoch, given in enumerate(scores, 1):
        values = {name: {"value": value} for name, value in given.items()}
        members[f"samples/q_epoch_{epoch}.json"] = sample("q", epoch, output=answered("A"), scores=values)
    return archive(folder / "log.eval", members)


def grades(layout: Layout) -> dict[tuple[int, str, int], tuple[float | None, str | None]]:
    """By epoch, grader and repeat: the grade, and what was written."""
    epochs = {row["sample_id"]: row["epoch"] for row in rows(layout, "samples")}
    found = rows(layout, "grades")
    told = {
        (epochs[row["sample_id"]], row["grader"], row["grade_repeat"]): (row["grade"], row["written"]) for row in found
    }
    assert len(told) == len(found)
    return told


def test_every_scorer_of_a_sample_is_a_grader(tmp_path: Path, layout: Layout) -> None:
    judged = {"accuracy": "C", "style": 4}
    log = inspect_log(
        tmp_path,
        {"match": "C", "judge": judged, "judge1": "I", KEY: 0.5},
        {"match": "I", "judge": judged | {"style": 2}, "judge1": float("nan")},
        {"judge": judged | {"accuracy": "A fine answer"}},
    )
    (report,) = import_paths([log], layout).reports
    found = grades(layout)
    assert {key: grade for key, (grade, _) in found.items() if KEY[:3] not in key[1] and "secret" not in key[1]} == {
        (1, "match", 1): 1.0,
        (1, "judge:accuracy", 1): 1.0,
        (1, "judge:style", 1): None,
        (1, "judge1", 1): 0.0,
        (2, "match", 1): 0.0,
        (2, "judge:accuracy", 1): 1.0,
        (2, "judge:style", 1): None,
        (2, "judge1", 1): None,
        (3, "judge:accuracy", 1): None,
        (3, "judge:style", 1): None,
    }
    assert (found[1, "judge:style", 1][1], found[3, "judge:accuracy", 1][1]) == ("4", "A fine answer")
    assert "5 grades of other scorers are kept without a number, because" in report.message
    assert "scorer 'judge:style': its values go from 2 to 4, a scale that is not known" in report.message
    assert sum("secret" in grader for _, grader, _ in found) == 1 and KEY not in str(rows(layout, "grades"))
    assert [row["score"] for row in rows(layout, "samples")] == [1.0, 0.0, None]


def test_a_scale_is_tried_where_it_explains_more(tmp_path: Path, layout: Layout) -> None:
    log = inspect_log(
        tmp_path, *({"judge": mark, "other": 11 - mark, "match": mark % 2, "said": "C"} for mark in (10, 1, 4))
    )
    import_paths([log], layout, scorer="judge", scale=(1, 10))
    found = {key: grade for key, (grade, _) in grades(layout).items()}
    assert [found[epoch, "judge", 1] for epoch in (1, 2, 3)] == [1.0, 0.0, pytest.approx(1 / 3)]
    assert [found[epoch, "other", 1] for epoch in (1, 2, 3)] == [0.0, 1.0, pytest.approx(2 / 3)]
    assert [found[epoch, "match", 1] for epoch in (1, 2, 3)] == [0.0, 1.0, 0.0]
    assert [found[epoch, "said", 1] for epoch in (1, 2, 3)] == [1.0, 1.0, 1.0]


def test_more_scorers_than_anyone_has_are_told(tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graders, "MAX_GRADERS", 2)
    (report,) = import_paths([inspect_log(tmp_path, {"a": 1, "b": 1, "c": 1, "d": 0})], layout).reports
    assert {grader for _, grader, _ in grades(layout)} == {"a", "b"}
    assert "grades by the rest (c, d) are left out" in report.message


PANEL = LETTERS.replace("answer: said", "answer: said\nscore: mark\ngrader: judge")
ROWS = """q,run,gold,said,judge,mark
1,1,A,A,strict,1
1,1,A,A,lenient,1
1,2,A,B,lenient,0.5
1,2,A,B,strict,0
1,2,A,B,strict,1
2,1,B,B,lenient,no idea
"""


def test_rows_that_differ_in_their_grader_are_one_sample(tmp_path: Path, layout: Layout) -> None:
    samples = load(layout, tmp_path, ROWS, PANEL)
    # One grader scores them all: that of the first row; its first grade where it graded twice.
    assert [(s["item_id"], s["epoch"], s["score"]) for s in samples] == [("1", 1, 1.0), ("1", 2, 0.0), ("2", 1, None)]
    found = [(row["grader"], row["grade_repeat"], row["grade"], row["written"]) for row in rows(layout, "grades")]
    assert sorted(found, key=str) == [
        ("lenient", 1, 0.5, "0.5"),
        ("lenient", 1, 1.0, "1"),
        ("lenient", 1, None, "no idea"),
        ("strict", 1, 0.0, "0"),
        ("strict", 1, 1.0, "1"),
        ("strict", 2, 1.0, "1"),
    ]
    (imported,) = rows(layout, "imports")
    assert "scores are those of grader 'strict', the first of 2; all grades are kept" in imported["notices"]
    assert (
        "1 of 6 grades are kept without a number, because its value 'no idea' is no verdict (1)" in imported["notices"]
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,1,A,B,other,1", "not as in the row of grader 'strict' are completion, choice_index, answer;"),
        ("1,1,A,A,,1", "grader is empty"),
        ("1,1,A,A,strict,1", "repeat 2 of grader 'strict' on epoch 1 of item '1' occurs more than once"),
        ("1,1,A,A,other,1", "grade_repeat is '0'; it counts from 1"),
    ],
)
def test_rows_that_cannot_be_a_grade_go_to_quarantine(tmp_path: Path, layout: Layout, row: str, reason: str) -> None:
    repeat = "0" if "counts from" in reason else "2"
    content = f"q,run,gold,said,judge,mark,again\n1,1,A,A,strict,1,2\n{row},{repeat}\n"
    samples = load(layout, tmp_path, content, PANEL + "grade_repeat: again\n")
    assert len(samples) == 1 and len(rows(layout, "grades")) == 1
    (quarantined,) = rows(layout, "quarantine")
    assert quarantined["place"] == "line 3" and reason in quarantined["reason"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (PANEL.replace("epoch: run\n", ""), "grader goes with score and epoch"),
        (PANEL.replace("score: mark\n", ""), "grader goes with score and epoch"),
        (LETTERS + "grade_repeat: again\n", "grade_repeat goes with grader"),
    ],
)
def test_a_mapping_that_cannot_tell_samples_is_refused(tmp_path: Path, layout: Layout, entry: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        refusal(layout, tmp_path, ROWS, entry)


def test_wide_columns_of_judges(tmp_path: Path, layout: Layout) -> None:
    mapping = (
        "task: {value: t}\nmodel: {value: m}\nitem: q\nepoch: {value: 1}\n"
        "each: {columns: 'judge_(\\w+)'}\ngrader: each_key\nscore: each\n"
    )
    content = "q,judge_a,judge_b\n1,1,0\n2,,1\n"
    assert [sample["score"] for sample in load(layout, tmp_path, content, mapping)] == [1.0, None]
    assert len(rows(layout, "grades")) == 3


def test_graders_are_proposed_where_epochs_tell_samples(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"task": "t", "model": "m", "item": item, "epoch": epoch, "judge": judge, "score": epoch % 2}
        for item in (1, 2)
        for epoch in (0, 1)
        for judge in ("a", "b")
    ]
    content = "\n".join(map(json.dumps, told))
    path, _ = table(tmp_path, content, "", "runs.jsonl")
    mapping = propose(path)
    assert "grader: judge" in mapping and "condition" not in mapping
    assert len(load(layout, tmp_path, content, mapping, "runs.jsonl")) == 4
    assert {row["grader"] for row in rows(layout, "grades")} == {"a", "b"}
    path.write_text("\n".join(json.dumps({**row, "judge": "correct"}) for row in told))
    assert "grader" not in propose(path)
    path.write_text("\n".join(json.dumps({name: row[name] for name in row if name != "epoch"}) for row in told))
    assert "grader" not in propose(path)
