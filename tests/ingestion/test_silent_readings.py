"""Files that could be read wrongly without a word, made by hand: what cannot be known is told instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import FileReport, import_paths
from ingestion.logs.table.sniff import propose
from tests.ingestion.conftest import rows
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from warehouse.layout import Layout

TABLE = "task: {value: t}\nmodel: {value: m}\nitem: q\n"


def log(path: Path, samples: list[dict[str, Any]], **spec: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    members: dict[str, object] = {"header.json": {**HEADER, "eval": {**HEADER["eval"], **spec}}}  # type: ignore[dict-item]
    for number, fields in enumerate(samples):
        told = {"item": "q", "epoch": number + 1, "output": answered("so"), "choices": None, **fields}
        members[f"samples/{number}.json"] = sample(**told)
    return archive(path, members)


def table(layout: Layout, folder: Path, content: str, mapping: str, name: str = "t.csv") -> FileReport:
    (folder / name).write_text(content, encoding="utf-8")
    (folder / "m.yaml").write_text(TABLE + mapping)
    (report,) = import_paths([folder / name], layout, mapping=folder / "m.yaml").reports
    return report


def scores(layout: Layout) -> list[float | None]:
    return [row["score"] for row in sorted(rows(layout, "samples"), key=lambda row: (row["item_id"], row["epoch"]))]


@pytest.mark.parametrize(
    ("grades", "metrics", "expected"),
    [
        ("PP", [], [None, None]),  # passed?
        ("NP", [], [None, None]),  # negative and positive?
        ("PP", [{"name": "accuracy"}], [0.5, 0.5]),
        ("PI", [], [0.5, 0.0]),
        ("CP", [], [1.0, 0.5]),
    ],
)
def test_letters_that_have_another_meaning_too(
    tmp_path: Path, layout: Layout, grades: str, metrics: list[Any], expected: list[float | None]
) -> None:
    judged = [{"scores": {"judge": {"value": grade}}} for grade in grades]
    path = log(tmp_path / "a.eval", judged, scorers=[{"name": "judge", "metrics": metrics}])
    (report,) = import_paths([path], layout).reports
    assert scores(layout) == expected
    assert report.has_warning == (expected[0] is None) == ("--grade" in report.message)


def test_a_part_of_a_shuffled_dataset_has_no_ids_either(tmp_path: Path, layout: Layout) -> None:
    """With a limit of 10 to 12 the positions after the shuffle are 11 and 12."""
    told = {"dataset": {"shuffled": True, "sample_ids": [11, 12]}, "config": {"limit": [10, 12]}}
    for run, questions in enumerate((("1 prime?", "4 prime?"), ("9 prime?", "1 prime?"))):
        asked = [{"item": 11 + n, "epoch": 1, "input": text, "target": "no"} for n, text in enumerate(questions)]
        log(tmp_path / "logs" / f"{run}.eval", asked, eval_id=f"{run}", **told)
    assert "positions in a shuffled order" in import_paths([tmp_path / "logs"], layout).reports[0].message
    assert sorted(row["question"] for row in rows(layout, "items")) == ["1 prime?"] * 2 + ["4 prime?", "9 prime?"]
    assert len({row["item_id"] for row in rows(layout, "samples")}) == 3


@pytest.mark.parametrize(("user", "expected"), [("g/grader", None), ("x/M", 14)])
def test_the_only_tokens_of_a_sample_may_be_a_grader_s(
    tmp_path: Path, layout: Layout, user: str, expected: int | None
) -> None:
    turns = [{"role": "assistant", "content": "so", "source": "generate"}] * 2
    usage = {user: {"input_tokens": 1, "output_tokens": 14, "total_tokens": 15}}
    import_paths([log(tmp_path / "a.eval", [{"messages": turns, "model_usage": usage}])], layout)
    assert [row["output_tokens"] for row in rows(layout, "samples")] == [expected]


@pytest.mark.parametrize("answer", ["['0', '9']", '["0", "9"]'])
def test_a_list_written_as_text_is_no_answer(tmp_path: Path, layout: Layout, answer: str) -> None:
    cell = answer.replace('"', '""')
    report = table(layout, tmp_path, f'q,t,a\n1,0,"{cell}"\n2,0,0\n', "target: t\nanswer: a\n")
    assert (report.n_samples, report.n_quarantined) == (1, 1)
    assert "answer is a list of values" in report.message
    listed = table(layout, tmp_path, f'q,t,a\n1,"{cell}","{cell}"\n', "target: t\nanswer: a\n", "listed.csv")
    assert listed.n_samples == 1 and 1.0 in scores(layout)


def test_numbers_that_are_compared_as_texts_are_told(tmp_path: Path, layout: Layout) -> None:
    content = 'q,t,a\n1,1000,"1,000"\n2,12,12.0\n3,5,$5\n4,7,8\n5,x,x\n'
    report = table(layout, tmp_path, content, "target: t\nanswer: a\n")
    assert scores(layout) == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert "3 answers that are held against their target as texts are the same number" in report.message
    (tmp_path / "n.csv").write_text("item,run,target,answer\na,1,12,12.0\na,2,12,7\n")
    assert "as: number" in propose(tmp_path / "n.csv")


def test_a_separator_that_a_spreadsheet_wrote_is_no_header(tmp_path: Path, layout: Layout) -> None:
    report = table(layout, tmp_path, "sep=;\nq;s\na;1\nb\n", "score: s\n")
    assert scores(layout) == [1.0] and "line 4: 1 fields" in report.message
    assert "delimiter: ';'" in propose(tmp_path / "t.csv")


def test_truth_as_a_spreadsheet_writes_it_passes_a_filter(tmp_path: Path, layout: Layout) -> None:
    table(layout, tmp_path, "q,final,s\na,True,1\nb,FALSE,0\nc,TRUE,1\n", "score: s\nwhere: {final: true}\n")
    assert sorted(row["item_id"] for row in rows(layout, "samples")) == ["a", "c"]


def test_a_key_under_which_there_are_no_rows_is_told(tmp_path: Path, layout: Layout) -> None:
    told = {
        "x": {"runs": [{"q": "a", "s": 1}]},
        "y": {"run": [{"q": "a", "s": 0}]},
        "z": {"runs": 7},
        "w": {"runs": []},
    }
    mapping = "score: s\nrows: '{arm}.runs[*]'\ncondition: {arm: arm}\n"
    report = table(layout, tmp_path, json.dumps(told), mapping, "t.json")
    assert (report.n_samples, report.n_quarantined) == (1, 2)
    assert "y: holds nothing where the path of the rows" in report.message


@pytest.mark.parametrize(
    ("column", "values", "is_condition"),
    [("phase", ("before", "before", "after", "after"), True), ("T", (0, 0, 1, 1), True), ("take", (1, 2, 3, 4), False)],
)
def test_without_an_epoch_an_arm_that_every_item_has_is_a_condition(
    tmp_path: Path, column: str, values: tuple[Any, ...], is_condition: bool
) -> None:
    told = [{"item": item, "score": n % 2, column: value} for item in ("a", "b", "c") for n, value in enumerate(values)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, told)))
    assert (f"  {column}: {column}" in propose(tmp_path / "t.jsonl")) == is_condition
