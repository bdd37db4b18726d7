"""Shapes of tables with repeated runs: several samples in a row, keys as values, filters, scales, known tools."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ingestion.logs.importer import import_paths
from ingestion.logs.table.mapping_file import SHIPPED, load_mapping
from ingestion.logs.table.sniff import propose
from tests.ingestion.conftest import rows
from tests.ingestion.test_tables import load, refusal, table
from warehouse.layout import Layout

KEYS = "task: {value: t}\nmodel: {value: m}\n"
K_IN_A_ROW = [
    {"idx": n, "gt": str(n), "pred": [str(n), "9", str(n), "7"], "score": [True, False, True, False]} for n in range(3)
]


def lines(told: list[dict[str, Any]]) -> str:
    return "\n".join(map(json.dumps, told))


def scores(samples: list[dict[str, Any]]) -> list[float | None]:
    return [sample["score"] for sample in samples]


def test_k_samples_in_a_row(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: idx\neach: 'score[*]'\nscore: each\n"
    samples = load(layout, tmp_path, lines(K_IN_A_ROW), mapping, "k.jsonl")
    assert [(s["item_id"], s["epoch"], s["score"]) for s in samples] == [
        (str(item), epoch, float(epoch % 2)) for item in range(3) for epoch in range(1, 5)
    ]


def test_parallel_lists_go_together(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + (
        "item: idx\ntarget: gt\neach: {answer: 'pred[*]', score: 'score[*]'}\nanswer: each.answer\nscore: each.score\n"
        "epoch: {field: each_key, add: 1}\n"
    )
    samples = load(layout, tmp_path, lines(K_IN_A_ROW), mapping, "k.jsonl")
    assert len(samples) == 12
    assert {s["answer"]: s["score"] for s in samples if s["item_id"] == "2"} == {"2": 1.0, "9": 0.0, "7": 0.0}


def test_lists_of_different_lengths_are_no_parallel_lists(tmp_path: Path, layout: Layout) -> None:
    told = [{"idx": 0, "a": ["x", "y"], "s": [1]}, {"idx": 1, "a": ["x", "y"], "s": [1, 0]}]
    mapping = KEYS + "item: idx\neach: {answer: 'a[*]', score: 's[*]'}\nscore: each.score\ncompletion: each.answer\n"
    samples = load(layout, tmp_path, lines(told), mapping, "k.jsonl")
    assert [(s["item_id"], s["score"]) for s in samples] == [("1", 1.0), ("1", 0.0)]
    (lost,) = rows(layout, "quarantine")
    assert "different lengths (answer 2, score 1)" in lost["reason"]


@pytest.mark.parametrize("field", ["score: 'score[*]'", "target: gt\nanswer: pred", "target: gt\nanswer: 'pred[*]'"])
def test_several_values_are_never_one(tmp_path: Path, layout: Layout, field: str) -> None:
    reason = refusal(layout, tmp_path, lines(K_IN_A_ROW), KEYS + "item: idx\n" + field, "k.jsonl")
    assert "no row of it could be read (line 1: " in reason
    assert "each:" in reason
    assert rows(layout, "samples") == []


def test_wide_columns(tmp_path: Path, layout: Layout) -> None:
    content = "q,gold,run1,run2,run_10\na,B,B,A,B\nb,A,A,,C\n"
    mapping = KEYS + (
        "item: q\nn_choices: {value: 4}\ntarget: gold\neach: {columns: 'run_?(\\d+)'}\nanswer: each\nepoch: each_key\n"
    )
    samples = load(layout, tmp_path, content, mapping)
    assert [(s["item_id"], s["epoch"], s["score"]) for s in samples] == [
        ("a", 1, 1.0),
        ("a", 2, 0.0),
        ("a", 10, 1.0),
        ("b", 1, 1.0),
        ("b", 10, 0.0),
    ]


def test_wide_columns_of_several_kinds(tmp_path: Path, layout: Layout) -> None:
    content = "q,answer_1,answer_2,tokens_1,tokens_2\na,yes,no,5,7\n"
    mapping = KEYS + (
        "item: q\ntarget: {value: 'yes'}\neach: {columns: '(?P<name>answer|tokens)_(?P<key>\\d+)'}\n"
        "answer: each.answer\noutput_tokens: each.tokens\nepoch: each_key\n"
    )
    samples = load(layout, tmp_path, content, mapping)
    assert [(s["epoch"], s["score"], s["output_tokens"]) for s in samples] == [(1, 1.0, 5), (2, 0.0, 7)]


def test_keys_as_values(tmp_path: Path, layout: Layout) -> None:
    told = {"control": {"q1": [1, 1, 0], "q2": [0, 0, 0]}, "pressure": {"q1": [0, 1, 1]}}
    mapping = KEYS + "rows: '{arm}.{q}[*]'\nitem: q\ncondition: {arm: arm}\nscore: value\n"
    load(layout, tmp_path, json.dumps(told), mapping, "k.json")
    samples, conditions = rows(layout, "samples"), rows(layout, "conditions")
    arms = {row["condition_id"]: json.loads(row["settings"])["arm"] for row in conditions}
    found: dict[str, dict[str, list[float]]] = {}
    for sample in sorted(samples, key=lambda sample: sample["epoch"]):
        found.setdefault(arms[sample["condition_id"]], {}).setdefault(sample["item_id"], []).append(sample["score"])
    assert found == told


def test_runs_of_instances_with_a_verdict_each(tmp_path: Path, layout: Layout) -> None:
    told = {"run-1": {"a": "resolved", "b": "failed"}, "run-2": {"a": "failed", "b": "failed"}}
    mapping = KEYS + "rows: '{run}.{instance}'\nitem: instance\nrun: run\nscore: value\n"
    samples = load(layout, tmp_path, json.dumps(told), mapping, "k.json")
    assert sorted((s["item_id"], s["run_id"], s["score"]) for s in samples) == [
        ("a", "run-1", 1.0),
        ("a", "run-2", 0.0),
        ("b", "run-1", 0.0),
        ("b", "run-2", 0.0),
    ]


EVENTS = [
    {"spec": {"completion_fns": ["m"]}},
    *[
        event
        for n, correct in enumerate([True, False, True])
        for event in (
            {"run_id": "r", "event_id": 2 * n, "sample_id": f"e.{n}", "type": "sampling", "data": {"sampled": ["4"]}},
            {
                "run_id": "r",
                "event_id": 2 * n + 1,
                "sample_id": f"e.{n}",
                "type": "match",
                "data": {"correct": correct, "sampled": "4"},
            },
        )
    ],
    {"final_report": {"accuracy": 0.66}},
]


def test_rows_of_one_type(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "where: {type: match}\nitem: sample_id\nscore: data.correct\n"
    path, mapping_path = table(tmp_path, lines(EVENTS), mapping, "e.jsonl")
    (report,) = import_paths([path], layout, mapping=mapping_path).reports
    assert (report.n_samples, report.n_quarantined) == (3, 0)
    assert "5 of 8 rows are left out by where" in report.message
    assert sorted(scores(rows(layout, "samples"))) == [0.0, 1.0, 1.0]


def test_a_filter_that_lets_nothing_through_is_told(tmp_path: Path, layout: Layout) -> None:
    reason = refusal(
        layout, tmp_path, lines(EVENTS), KEYS + "where: {type: mtach}\nitem: sample_id\nscore: s\n", "e.jsonl"
    )
    assert "is true of none of its 8 rows" in reason


def test_a_field_that_some_rows_have_is_not_called_absent(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: sample_id\ncondition: {fns: spec.completion_fns}\nscore: data.correct\n"
    reason = refusal(layout, tmp_path, lines(EVENTS[1:]), mapping, "e.jsonl")
    assert "condition.fns is mapped to 'spec.completion_fns', which is in no row" in reason


def test_values_picked_by_name(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"id": "q1", "stats": [{"name": {"name": "n"}, "mean": 4}, {"name": {"name": "exact_match"}, "mean": 1.0}]},
        {"id": "q2", "stats": [{"name": {"name": "exact_match"}, "mean": 0.0}, {"name": {"name": "n"}, "mean": 0.4}]},
    ]
    mapping = KEYS + "item: id\nscore: 'stats[name.name=exact_match].mean'\n"
    assert scores(load(layout, tmp_path, json.dumps(told), mapping, "s.json")) == [1.0, 0.0]


def test_a_name_that_several_elements_have_is_no_pick(tmp_path: Path, layout: Layout) -> None:
    told = [{"id": "q", "stats": [{"name": "em", "mean": 1}, {"name": "em", "mean": 0}]}]
    reason = refusal(layout, tmp_path, json.dumps(told), KEYS + "item: id\nscore: 'stats[name=em].mean'\n", "s.json")
    assert "2 values at" in reason


def test_a_scale_is_asked_for_and_then_used(tmp_path: Path, layout: Layout) -> None:
    content = "q,grade\na,1\na,8\na,10\nb,1\n"
    reason = refusal(layout, tmp_path, content, KEYS + "item: q\nscore: grade\n")
    assert "its values go from 1 to 10, a scale that is not known" in reason
    assert "score: {field: grade, scale: [1, 10]}" in reason
    assert rows(layout, "samples") == []
    samples = load(layout, tmp_path, content, KEYS + "item: q\nscore: {field: grade, scale: [1, 10]}\n")
    assert scores(samples) == [0.0, 7 / 9, 1.0, 0.0]


def message(layout: Layout, folder: Path, content: str, mapping: str) -> str:
    path, mapping_path = table(folder, content, mapping)
    (report,) = import_paths([path], layout, mapping=mapping_path).reports
    return report.message


def test_a_scale_may_run_downwards_and_a_grade_off_it_is_told(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: q\nscore: {field: grade, scale: [5, 1]}\n"
    told = message(layout, tmp_path, "q,grade\na,1\na,4\na,6\n", mapping)
    assert "1 of 3 samples have no score, because its value is outside the scale 5 to 1" in told
    assert sorted(scores(rows(layout, "samples")), key=str) == [0.25, 1.0, None]


def test_letters_are_no_grades_until_the_mapping_says_what_they_mean(tmp_path: Path, layout: Layout) -> None:
    content = "q,grade\na,A\na,C\n"
    assert "its grades are letters (A, C)" in refusal(layout, tmp_path, content, KEYS + "item: q\nscore: grade\n")
    samples = load(layout, tmp_path, content, KEYS + "item: q\nscore: {field: grade, map: {A: 1, C: 0}}\n")
    assert scores(samples) == [1.0, 0.0]


def test_samples_without_a_score_are_told(tmp_path: Path, layout: Layout) -> None:
    content = "task,item,accuracy\ncls,c,1.0\ncls,c,nan\ncls,c,perhaps\nqa,q,\nqa,q,0\n"
    told = message(layout, tmp_path, content, "task: task\nmodel: {value: m}\nitem: item\nscore: accuracy\n")
    assert told.startswith("WARNING: 3 of 5 samples have no score, because its value is NaN or empty (2)")
    assert "its value 'perhaps' is no verdict (1)" in told


@pytest.mark.parametrize(
    ("content", "found", "n_lost"),
    [
        ('q,s,said\na,1,x\nb,0,"cut\nc,1,z\nd,1,w\n', ["a"], 1),  # all that follows would be one field
        ('q,s,said\na,1,"x\nb,0,"y"\nc,1,z\n', ["c"], 1),  # the next quotation mark would end it
        ('q,s,said\na,1,"two\nlines ""so"""\nb,0,5" pipe\n', ["a", "b"], 0),
    ],
)
def test_a_quotation_mark_that_swallows_rows_is_told(
    tmp_path: Path, layout: Layout, content: str, found: list[str], n_lost: int
) -> None:
    path, mapping = table(tmp_path, content, KEYS + "item: q\nscore: s\ncompletion: said\n")
    (report,) = import_paths([path], layout, mapping=mapping).reports
    assert sorted(sample["item_id"] for sample in rows(layout, "samples")) == found
    assert report.n_quarantined == n_lost
    assert ("quotation marks do not match" in report.message) == (n_lost > 0)


UNSCORED = "task: {value: t}\nmodel: {value: m}\nitem: q\nepoch: run\nstatus: status\ncompletion: said\n"


@pytest.mark.parametrize(
    ("entry", "marks", "is_judged", "n_unscored"),
    [
        ("score: {field: mark, scale: [1, 10]}\n", ("7", "3", "1", ""), True, 0),
        ("score: mark\n", ("1", "", "", ""), True, 1),
        ("", ("", "", "", ""), False, 4),
    ],
)
def test_where_nothing_is_judged_a_limit_is_not_wrong_either(
    tmp_path: Path, layout: Layout, entry: str, marks: tuple[str, ...], is_judged: bool, n_unscored: int
) -> None:
    statuses = ("ok", "ok", "limit", "format_failure")
    told = [f"q,{run},{status},x,{mark}" for run, (status, mark) in enumerate(zip(statuses, marks, strict=True), 1)]
    samples = load(layout, tmp_path, "\n".join(["q,run,status,said,mark", *told]), UNSCORED + entry)
    assert [sample["status"] for sample in samples] == list(statuses)
    assert is_judged or scores(samples) == [None] * 4
    (known,) = rows(layout, "imports")
    assert (known["is_judged"], known["n_unscored"]) == (is_judged, n_unscored)


def test_a_file_whose_runs_all_ended_early_may_judge(tmp_path: Path, layout: Layout) -> None:
    load(layout, tmp_path, "q,run,status,said,mark\nq,1,limit,x,\nq,2,limit,y,\n", UNSCORED + "score: {field: mark}\n")
    assert [known["is_judged"] for known in rows(layout, "imports")] == [True]


def test_several_options_are_no_answer(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: q\nn_choices: {value: 4}\ntarget: {value: A}\nanswer: said\n"
    (sample,) = load(layout, tmp_path, 'q,said\na,"A,C"\n', mapping)
    assert (sample["status"], sample["error"], sample["choice_index"], sample["score"]) == (
        "format_failure",
        "several options",
        None,
        0.0,
    )


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress), (".zst", zstandard.compress)],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_compressed_tables(
    tmp_path: Path, layout: Layout, suffix: str, pack: Callable[[bytes], bytes], kind: str
) -> None:
    told = [{"q": "a", "s": 1}, {"q": "b", "s": 0}]
    content = {"csv": "q,s\na,1\nb,0\n", "jsonl": lines(told), "json": json.dumps(told)}[kind]
    (tmp_path / "mapping.yaml").write_text(KEYS + "item: q\nscore: s\n")
    path = tmp_path / f"runs.{kind}{suffix}"
    path.write_bytes(pack(content.encode()))
    assert import_paths([tmp_path], layout).n_samples == 2
    path.write_bytes(pack(content.encode() * 20_000)[:-9])
    (report,) = import_paths([path], layout, mapping=tmp_path / "mapping.yaml").reports
    assert report.outcome == "refused" or report.n_quarantined >= 1


def test_a_delimiter_is_told_by_the_header(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: frage\nn_choices: {value: 2}\ntarget: gold\nanswer: antwort\n"
    samples = load(layout, tmp_path, "frage;gold;antwort\nGrüße, 1;A;A\nGrüße, 1;A;B\n", mapping)
    assert [(s["item_id"], s["score"]) for s in samples] == [("Grüße, 1", 1.0), ("Grüße, 1", 0.0)]


def test_long_ids_stay_apart(tmp_path: Path, layout: Layout) -> None:
    told = [{"q": "x" * 1_500 + str(n), "s": n} for n in range(2)]
    samples = load(layout, tmp_path, lines(told), KEYS + "item: q\nscore: s\n", "k.jsonl")
    assert len({sample["item_id"] for sample in samples}) == 2


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("each: answers", "one value; end it in [*]"),
        ("each: {columns: 'run'}", "brackets"),
        ("where: {type: {a: b}}", "give the value"),
        ("score: {field: s, scale: [1, 1]}", "two numbers that differ"),
        ("score: '{a}.s'", "goes with rows and each"),
    ],
)
def test_a_mapping_that_cannot_be_meant(tmp_path: Path, layout: Layout, entry: str, reason: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(KEYS + "item: q\n" + entry + ("" if entry.startswith("score") else "\nscore: s\n"))
    with pytest.raises(ValueError, match=r"map\.yaml:[34]") as error:
        load_mapping(path)
    assert reason in str(error.value)


def test_reasoning_in_a_completion_is_no_answer(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"q": "a", "said": "<think>A or B? ANSWER: A</think>ANSWER: B"},
        {"q": "a", "said": "<think>A or B? ANSWER: B"},
        {"q": "a", "said": "Surely A.</think>\nANSWER: B"},
    ]
    mapping = KEYS + "item: q\nn_choices: {value: 2}\ntarget: {value: B}\nanswer: said\n"
    samples = load(layout, tmp_path, lines(told), mapping, "k.jsonl")
    assert [(s["status"], s["choice_index"], s["score"], s["error"]) for s in samples] == [
        ("ok", 1, 1.0, None),
        ("format_failure", None, 0.0, "cut off while reasoning"),
        ("ok", 1, 1.0, None),
    ]
    assert [(s["completion"], s["reasoning"]) for s in samples] == [
        ("ANSWER: B", "A or B? ANSWER: A"),
        (None, "A or B? ANSWER: B"),
        ("ANSWER: B", "Surely A."),
    ]


def test_steps_of_a_number(tmp_path: Path, layout: Layout) -> None:
    mapping = "task: {field: n, steps: {0: first, 2: second}}\nmodel: {value: m}\nitem: n\nscore: s\n"
    load(layout, tmp_path, "n,s\n0,1\n1,1\n2,0\n-1,0\n", mapping)
    assert {s["item_id"]: s["task"] for s in rows(layout, "samples")} == {"0": "first", "1": "first", "2": "second"}
    (lost,) = rows(layout, "quarantine")
    assert "-1' is on none of the steps from 0 on" in lost["reason"]


# ---------------------------------------------------------------------------------------------------- proposals


def proposed(folder: Path, content: str | bytes, name: str) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return propose(path)


def by_condition(layout: Layout) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for sample in rows(layout, "samples"):
        found.setdefault(sample["condition_id"], []).append(sample["score"])
    return found


@pytest.mark.parametrize("name", ["condition", "Variant", "scaffold", "Prompt Version", "strategy"])
def test_columns_of_the_condition_are_proposed(tmp_path: Path, layout: Layout, name: str) -> None:
    told = [
        {name: arm, "Task ID": "t1", "Model": "m", "rep": rep, "Correct": arm == "control"}
        for arm in ("control", "pressure")
        for rep in range(4)
    ]
    text = proposed(tmp_path, lines(told), "t.jsonl")
    assert "epoch: {field: rep, add: 1}" in text
    (tmp_path / "m.yaml").write_text(text)
    summary = import_paths([tmp_path / "t.jsonl"], layout, mapping=tmp_path / "m.yaml")
    assert (summary.n_samples, summary.n_quarantined) == (8, 0)
    assert sorted(by_condition(layout).values()) == [[0.0] * 4, [1.0] * 4]


def test_a_column_that_tells_doubles_apart_is_a_condition_whatever_its_name(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"flavour": flavour, "item": f"q{item}", "model": "m", "run_idx": run, "correct": flavour == "mild"}
        for item in range(3)
        for flavour in ("mild", "hot")
        for run in range(2)
    ]
    text = proposed(tmp_path, lines(told), "t.jsonl")
    assert "flavour: flavour" in text
    (tmp_path / "m.yaml").write_text(text)
    assert import_paths([tmp_path / "t.jsonl"], layout, mapping=tmp_path / "m.yaml").n_samples == 12
    assert sorted(by_condition(layout).values()) == [[0.0] * 6, [1.0] * 6]


def test_a_prompt_that_every_item_is_asked_with_is_a_condition(tmp_path: Path) -> None:
    told = [
        {"prompt": prompt, "item": f"q{item}", "correct": 1} for item in range(3) for prompt in ("Be brief.", "Think.")
    ]
    text = proposed(tmp_path, lines(told), "t.jsonl")
    assert "condition:\n  prompt: prompt" in text
    assert "question:" not in text


def test_lists_and_wide_columns_are_proposed(tmp_path: Path, layout: Layout) -> None:
    text = proposed(tmp_path, lines(K_IN_A_ROW), "k.jsonl")
    assert "each: {answer: 'pred[*]', score: 'score[*]'}" in text
    (tmp_path / "m.yaml").write_text(text)
    assert import_paths([tmp_path / "k.jsonl"], layout, mapping=tmp_path / "m.yaml").n_samples == 12
    text = proposed(tmp_path, "id,run1,run2,run3\na,1,0,1\nb,0,0,0\n", "w.csv")
    (tmp_path / "w.yaml").write_text(text)
    assert import_paths([tmp_path / "w.csv"], layout, mapping=tmp_path / "w.yaml").n_samples == 6


def test_encodings_and_delimiters_are_told(tmp_path: Path) -> None:
    content = "frage;modell;lauf;gold;antwort\nGrüße 1;m;1;A;A\n"
    text = proposed(tmp_path, content, "a.csv")
    assert "delimiter: ';'" in text
    assert "model: modell" in text
    with pytest.raises(Exception, match="not UTF-8; save the file as UTF-8"):
        proposed(tmp_path, content.encode("latin-1"), "b.csv")
    with pytest.raises(Exception, match="UTF-8"):
        proposed(tmp_path, content.encode("utf-16"), "c.csv")


def test_a_grade_off_the_usual_scale_is_asked_for(tmp_path: Path) -> None:
    text = proposed(tmp_path, "item,rating\na,1\na,8\n", "g.csv")
    assert (
        "score: {field: rating, scale: [WORST, BEST]}  # which grades are they? numbers from 1 to 8 were seen" in text
    )


# ---------------------------------------------------------------------------------------------- files of other tools

ANSWERS = [{"sample": n, "answer": answer, "correct": answer == "B"} for n, answer in enumerate("BC")]
HINTED = {"question_idx": 198, "question": "", "correct_answer": "B", "hint_answer": "C", "correct_rate": 0.5}
TURNS = [{"role": "user"}, {"role": "assistant"}, {"role": "tool"}, {"role": "assistant"}]
FILES: dict[str, tuple[str, str, list[tuple[str, int, float]]]] = {
    "promptfoo": (
        "results.json",
        json.dumps(
            {
                "version": 4,
                "results": {
                    "version": 3,
                    "results": [
                        {
                            "provider": {"id": "openai:gpt-x", "label": ""},
                            "prompt": {"raw": "2 + 2?", "label": "{{q}}"},
                            "vars": {"q": "2 + 2?"},
                            "response": {"output": "4", "tokenUsage": {"prompt": 5, "completion": 1, "total": 6}},
                            "success": success,
                            "score": float(success),
                            "latencyMs": 120,
                            "cost": 0.001,
                            "testIdx": place,
                            "promptIdx": 0,
                        }
                        for place, success in enumerate([True, False])
                    ],
                },
            }
        ),
        [("2 + 2?", 1, 1.0), ("2 + 2?", 2, 0.0)],
    ),
    "helm": (
        "per_instance_stats.json",
        json.dumps(
            [
                {
                    "instance_id": "id1",
                    "train_trial_index": 0,
                    "stats": [
                        {"name": {"name": "num_output_tokens"}, "mean": 3.0},
                        {"name": {"name": "inference_runtime"}, "mean": 0.4},
                        {"name": {"name": "exact_match", "split": "test"}, "mean": 1.0},
                    ],
                }
            ]
        ),
        [("id1", 1, 1.0)],
    ),
    "hints_baseline": (
        "baseline_m.json",
        json.dumps([HINTED | {"subject": "Physics", "answers": ANSWERS}]),
        [("198", 1, 1.0), ("198", 2, 0.0)],
    ),
    "hints_hinted": (
        "hinted_m.json",
        json.dumps(
            {
                hint: [HINTED | {"answers": [answer | {"followed_hint": True} for answer in ANSWERS]}]
                for hint in ("grader", "metadata")
            }
        ),
        [("198", 1, 1.0), ("198", 2, 0.0)] * 2,
    ),
    "openai_evals": ("run.jsonl", lines(EVENTS), [("e.0", 1, 1.0), ("e.1", 1, 0.0), ("e.2", 1, 1.0)]),
    "terminal_bench": (
        "results.json",
        json.dumps(
            {
                "accuracy": 0.5,
                "results": [
                    {
                        "trial_name": f"hello.{n}-of-2.r",
                        "task_id": "hello",
                        "instruction": "Say hello.",
                        "is_resolved": bool(n - 1),
                        "failure_mode": "unset",
                        "parser_results": {"test_a": "passed", "test_b": "failed" if n == 1 else "passed"},
                        "total_input_tokens": 10,
                        "total_output_tokens": 20,
                    }
                    for n in (1, 2)
                ],
            }
        ),
        [("hello", 1, 0.0), ("hello", 1, 1.0)],
    ),
    "tau2_bench": (
        "sim.json",
        json.dumps(
            {
                "info": {
                    "num_trials": 2,
                    "agent_info": {"implementation": "llm_agent", "llm": "gpt-x", "llm_args": {"temperature": 0.0}},
                    "user_info": {"llm": "gpt-y"},
                    "environment_info": {"domain_name": "airline"},
                },
                "tasks": [{"id": "0"}],
                "simulations": [
                    {
                        "id": f"s{trial}",
                        "task_id": "0",
                        "trial": trial,
                        "termination_reason": "user_stop",
                        "duration": 12.5,
                        "agent_cost": 0.02,
                        "reward_info": {"reward": float(trial)},
                        "messages": TURNS,
                        "seed": 300 + trial,
                    }
                    for trial in range(2)
                ],
            }
        ),
        [("0", 1, 0.0), ("0", 2, 1.0)],
    ),
    "every_eval_ever": (
        "x.jsonl",
        lines(
            [
                {
                    "schema_version": "instance_level_eval_0.2.1",
                    "evaluation_id": "gsm8k/m/1",
                    "model_id": "org/m",
                    "evaluation_name": "GSM8K",
                    "sample_id": "gsm8k_1",
                    "interaction_type": "single_turn",
                    "input": {"raw": "2 + 2?", "reference": ["4"]},
                    "output": {"raw": [text]},
                    "answer_attribution": [],
                    "evaluation": {"score": float(text == "4"), "is_correct": text == "4"},
                    "token_usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
                }
                for text in ("4", "5")
            ]
        ),
        [("gsm8k_1", 1, 1.0), ("gsm8k_1", 2, 0.0)],
    ),
}


@pytest.mark.parametrize("tool", sorted(FILES))
def test_files_of_other_tools_are_found_and_read(tmp_path: Path, layout: Layout, tool: str) -> None:
    name, content, wanted = FILES[tool]
    text = proposed(tmp_path, content, name)
    assert f"this mapping ({tool}) is for" in text
    (tmp_path / "m.yaml").write_text(text)
    summary = import_paths([tmp_path / name], layout, mapping=tmp_path / "m.yaml")
    assert not summary.has_refused, summary.reports
    samples = rows(layout, "samples")
    assert sorted((s["item_id"], s["epoch"], s["score"]) for s in samples) == sorted(wanted)
    assert rows(layout, "quarantine") == []


def test_every_shipped_mapping_has_a_file_here_or_real_ones_elsewhere() -> None:
    shipped = {path.stem for path in SHIPPED.glob("*.yaml")}
    assert shipped == set(FILES) | {"lighteval", "tau_bench", "answers_csv"}


def test_details_of_lighteval(tmp_path: Path, layout: Layout) -> None:
    told = [
        {
            "doc": {"query": "2 + 2?", "choices": ["4"], "gold_index": 0, "id": "7", "task_name": "gsm8k|0"},
            "metric": {"extractive_match": score},
            "model_response": {"text": [text], "input_tokens": [[1]], "output_tokens": [[2, 3]]},
        }
        for text, score in (("4", 1.0), ("5", 0.0))
    ]
    path = tmp_path / "details_gsm8k.parquet"
    pq.write_table(pa.Table.from_pylist(told), path)
    (tmp_path / "m.yaml").write_text(propose(path))
    assert "this mapping (lighteval) is for" in (tmp_path / "m.yaml").read_text()
    assert not import_paths([path], layout, mapping=tmp_path / "m.yaml").has_refused
    found = sorted((s["task"], s["item_id"], s["epoch"], s["score"]) for s in rows(layout, "samples"))
    assert found == [("gsm8k|0", "7", 1, 1.0), ("gsm8k|0", "7", 2, 0.0)]
