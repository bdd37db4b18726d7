"""Shapes of tables with repeated runs: several samples in a row, keys as values, filters, scales, known tools."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    assert "2 numbers that are not from 0 to 1 (from 8 to 10)" in reason
    assert rows(layout, "samples") == []
    samples = load(layout, tmp_path, content, KEYS + "item: q\nscore: {field: grade, scale: [1, 10]}\n")
    assert scores(samples) == [0.0, 7 / 9, 1.0, 0.0]


def test_a_scale_may_run_downwards_and_a_grade_off_it_is_quarantined(tmp_path: Path, layout: Layout) -> None:
    mapping = KEYS + "item: q\nscore: {field: grade, scale: [5, 1]}\n"
    assert scores(load(layout, tmp_path, "q,grade\na,1\na,4\na,6\n", mapping)) == [1.0, 0.25]
    (lost,) = rows(layout, "quarantine")
    assert "off the scale from 5 to 1" in lost["reason"]


def test_samples_without_a_score_are_told_by_task(tmp_path: Path, layout: Layout) -> None:
    content = "task,item,accuracy\ncls,c,1.0\ncls,c,nan\nqa,q,\nqa,q,\n"
    path, mapping = table(tmp_path, content, "task: task\nmodel: {value: m}\nitem: item\nscore: accuracy\n")
    (report,) = import_paths([path], layout, mapping=mapping).reports
    assert "1 of 4 samples have no score: accuracy is empty or NaN (task cls)" in report.message
    assert "2 of 4 samples have no score: accuracy is empty or NaN (task qa)" in report.message


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
