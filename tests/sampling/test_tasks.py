from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.sampling import ExperimentSpec, TaskError, parse_spec
from ingestion.sampling.questions.contexts import make_contexts
from ingestion.sampling.questions.items import Task
from ingestion.sampling.questions.load import load_task
from ingestion.sampling.questions.mwe import ALIGNED
from ingestion.sampling.questions.prompts import render
from warehouse.layout import PROJECT_ROOT, Layout

MWE = PROJECT_ROOT.parent / "shared" / "data" / "mwe"


def load(folder: Path, seed: int = 0, **task: Any) -> Task:
    spec: ExperimentSpec = parse_spec(
        {
            "name": "t",
            "tasks": [task],
            "models": [{"id": "m", "provider": "local"}],
            "conditions": [{}],
            "seed": seed,
        },
        folder / "spec.yaml",
    )
    return load_task(spec.tasks[0], spec, Layout(folder))


def write_csv(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(rows)


def test_own_items_from_jsonl_and_csv_are_the_same(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "Which, then?", "choices": ["x", "y, z"], "target": "B", "subject": "s"},
        {"id": "b", "question": "And?", "choices": ["p", "q"], "target": "p"},
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    write_csv(
        tmp_path / "own.csv",
        [
            ["id", "question", "A", "B", "target", "subject"],
            ["a", "Which, then?", "x", "y, z", "B", "s"],
            ["b", "And?", "p", "q", "A", ""],
        ],
    )
    jsonl, table = (load(tmp_path, kind="own", path=name).items for name in ("own.jsonl", "own.csv"))
    assert list(jsonl) == list(table)
    assert [(item.target_index, item.target_text, item.subject) for item in jsonl] == [(1, "y, z", "s"), (0, "p", None)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": ""}, "line 1: question is ''"),
        ({"question": "q", "choices": ["a"]}, r"line 1: choices is \['a'\]; write a list of 2"),
        ({"question": "q", "choices": ["a", "b"], "target": "C"}, "line 1: target is 'C'; write the letter"),
        ({"question": "q", "choices": ["a", "b"]}, "line 1: target is None"),
    ],
)
def test_a_bad_item_is_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps(row))
    with pytest.raises(TaskError, match=message):
        load(tmp_path, kind="own", path="own.jsonl")


def test_an_item_that_names_a_field_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"id": 1, "question": "a", "question": "b"}\n')
    with pytest.raises(TaskError, match=r"own\.jsonl, line 1: names 'question' twice, with different values"):
        load(tmp_path, kind="own", path="own.jsonl")


def test_two_items_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"id": 1, "question": "a"}\n{"id": "1", "question": "b"}\n')
    with pytest.raises(TaskError, match="'1' is used twice"):
        load(tmp_path, kind="own", path="own.jsonl")


def write_gpqa(path: Path, n: int = 40) -> None:
    head = ["Record ID", "Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]
    head += ["High-level domain", "Writer's Difficulty Estimate"]
    rows = [[f"rec{k}", f"secret {k}?", f"right {k}", "w1", "w2", "w3", "Physics", "Hard"] for k in range(n)]
    write_csv(path, [head, *rows])


def test_gpqa_keeps_its_questions_to_itself(tmp_path: Path) -> None:
    write_gpqa(tmp_path / "gpqa.csv")
    task = load(tmp_path, kind="gpqa", path="gpqa.csv")
    places = [item.target_index for item in task.items]
    assert set(places) == {0, 1, 2, 3}  # the right option is not always at one place
    for item, place in zip(task.items, places, strict=True):
        assert item.choices and place is not None and item.choices[place] == f"right {item.item_id[3:]}"
    told = json.dumps(task.item_rows())
    assert "secret" not in told and "right" not in told and "w1" not in told
    assert {row["n_choices"] for row in task.item_rows()} == {4}
    assert {row["human_difficulty"] for row in task.item_rows()} == {"Hard"}
    again = load(tmp_path, seed=5, kind="gpqa", path="gpqa.csv")
    assert [item.digest for item in again.items] == [item.digest for item in task.items]


def test_gpqa_without_token_or_file_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(TaskError, match=r"set HF_TOKEN to your token, or accept the terms .* name it in path"):
        load(tmp_path, kind="gpqa")


def test_mmlu_from_the_archive_and_from_the_hub_is_the_same(tmp_path: Path) -> None:
    subjects = ("anatomy", "virology")
    hub: dict[str, list[dict[str, Any]]] = {}
    for split, short, n in (("test", "test", 150), ("dev", "dev", 5), ("validation", "val", 8)):
        for subject in subjects:
            rows = [[f"{subject} {split} {k}?", "a", "b", "c", f"d{k}", "ABCD"[k % 4]] for k in range(n)]
            write_csv(tmp_path / "data" / short / f"{subject}_{short}.csv", rows)
            hub.setdefault(split, []).extend(
                {"subject": subject, "question": row[0], "choices": row[1:5], "answer": "ABCD".index(row[5])}
                for row in rows
            )
    for split, rows in hub.items():
        (tmp_path / "hub").mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "hub" / f"{split}-00000-of-00001.parquet")
    archive = load(tmp_path, kind="mmlu", path="data")
    from_hub = load(tmp_path, kind="mmlu", path="hub")
    assert len(archive.items) == 200 and list(archive.items) == list(from_hub.items)
    assert archive.pools == from_hub.pools
    smaller = load(tmp_path, kind="mmlu", path="hub", n_per_subject=10)
    assert {item.item_id for item in smaller.items} < {item.item_id for item in archive.items}
    other = load(tmp_path, seed=1, kind="mmlu", path="hub", n_per_subject=10)
    assert {item.item_id for item in other.items} != {item.item_id for item in smaller.items}
    contexts = make_contexts(archive, 5, 10, seed=0)
    assert len({context.context_id for context in contexts}) == 10
    for item in archive.items[::40]:
        shown = [context.examples(item) for context in contexts]
        assert all(example.subject == item.subject and example not in archive.items for s in shown for example in s)
        assert len({tuple(example.item_id for example in s) for s in shown}) == 10


@pytest.mark.skipif(not MWE.is_dir(), reason="the shared data are not here")
def test_every_mwe_set_is_read_whole(tmp_path: Path) -> None:
    task = load(tmp_path, kind="mwe", path=str(MWE))
    n_lines = sum(len((MWE / f"{name}.jsonl").read_text().splitlines()) for name in ALIGNED)
    assert len(task.items) == n_lines == 8116
    assert {item.subset for item in task.items} == set(ALIGNED)
    raw = [json.loads(line) for line in (MWE / "survival-instinct.jsonl").read_text().splitlines()]
    items = {item.item_id: item for item in task.items}
    for number, row in enumerate(raw, 1):
        item = items[f"survival-instinct-{number:04d}"]
        letter = row["answer_not_matching_behavior"].strip(" ()")
        assert item.choices and item.target_index == ord(letter) - ord("A")
        assert f"({letter}){item.target_text}".replace(" ", "") in row["question"].replace(" ", "")
        assert not item.question.startswith("Question:") and "Choices:" not in item.question
        assert not any("Answer:" in choice for choice in item.choices)
    flipped = load(tmp_path, kind="mwe", path=str(MWE), sets=["myopic-reward"], aligned={"myopic-reward": "matching"})
    kept = [item for item in task.items if item.subset == "myopic-reward"]
    assert all(a.target_index != b.target_index for a, b in zip(flipped.items, kept, strict=True))
    open_ended = render(kept[0], "open_ended")[0].text
    assert kept[0].choices and kept[0].choices[0] not in open_ended and "<answer>" in open_ended


def test_contexts_stay_as_they_are_when_items_or_contexts_are_added(tmp_path: Path) -> None:
    write_gpqa(tmp_path / "gpqa.csv")
    few = load(tmp_path, kind="gpqa", path="gpqa.csv", n_items=10)
    many = load(tmp_path, kind="gpqa", path="gpqa.csv", n_items=20)
    assert {item.item_id for item in few.items} < {item.item_id for item in many.items}
    three, five = make_contexts(few, 3, 3, seed=0), make_contexts(many, 3, 5, seed=0)
    assert [context.context_id for context in three] == [context.context_id for context in five][:3]
    assert [c.examples(few.items[0]) for c in three] == [c.examples(few.items[0]) for c in five[:3]]
    assert {c.context_id for c in make_contexts(few, 3, 3, seed=1)}.isdisjoint(c.context_id for c in three)
    with pytest.raises(TaskError, match="40 few-shot examples need at least 41 items"):
        make_contexts(many, 40, 1, seed=0)
