"""lm-evaluation-harness: real output folders, and small ones in its format for what they do not have."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.logs.importer import import_paths
from ingestion.logs.lm_eval.filters import Filter, exact_matches, extract
from tests.ingestion.conftest import files, rows
from warehouse.layout import Layout

STAMP = "2026-01-02T03-04-05.678901"
MATH = {
    "output_type": "generate_until",
    "metric_list": [{"metric": "exact_match", "ignore_case": True, "regexes_to_ignore": [",", r"\$", "(?s).*#### "]}],
    "filter_list": [
        {"name": "majority", "filter": [{"function": "majority_vote"}, {"function": "take_first"}]},
        {"name": "strict", "filter": [{"function": "regex", "regex_pattern": r"#### (\-?[0-9\.\,]+)"}]},
    ],
    "generation_kwargs": {"temperature": 0.7, "do_sample": True, "max_gen_toks": 64},
}


def document(number: int, texts: list[str], **fields: Any) -> dict[str, Any]:
    return {
        "doc_id": number,
        "doc": {"question": f"What is {number}?", "answer": f"so\n#### {number},000"},
        "target": f"so\n#### {number},000",
        "arguments": {"gen_args_0": {"arg_0": "examples … What?", "arg_1": {}}},
        "resps": [texts],
        "filtered_resps": [texts[0]],
        "filter": "strict",
        "metrics": ["exact_match"],
        "exact_match": float(f"#### {number}000" in texts[0] or f"#### {number},000" in texts[0]),
        **fields,
    }


def output(folder: Path, documents: list[dict[str, Any] | str], task_config: dict[str, Any], **results: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "configs": {"sums_task": {"task": "sums_task", **task_config}},
        "config": {"model": "hf", "model_args": "pretrained=org/model-1b,dtype=float16", "fewshot_seed": 1234},
        "n-shot": {"sums_task": 5},
        "model_name": "org/model-1b",
        "model_source": "hf",
        "lm_eval_version": "0.4.13",
        "date": 1_767_323_045.5,
        **results,
    }
    (folder / f"results_{STAMP}.json").write_text(json.dumps(told))
    lines = [line if isinstance(line, str) else json.dumps(line) for line in documents]
    path = folder / f"samples_sums_task_{STAMP}.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_repeat_is_the_one_that_was_drawn(layout: Layout, shared_logs: Path) -> None:
    summary = import_paths([shared_logs / "lm_eval" / "local_chat"], layout)
    assert [report.outcome for report in summary.reports] == ["imported"]
    assert len(summary.passed_over) == 1  # the results, which are read with the samples
    assert "WARNING" not in summary.reports[0].message
    found = {(sample["item_id"], sample["epoch"]): sample for sample in rows(layout, "samples")}
    items = {item["item_id"]: item for item in rows(layout, "items")}
    truth = json.loads((shared_logs / "truth" / "lm_eval_local_chat.json").read_text())
    expected = json.loads((shared_logs / "expected" / "lm_eval_local_chat.json").read_text())
    assert len(found) == sum(len(item["answers"]) for item in truth) == 360
    vectors: dict[str, list[np.ndarray]] = defaultdict(list)
    for item in truth:
        assert (items[item["id"]]["n_choices"], items[item["id"]]["target_index"]) == (item["C"], item["target_index"])
        for put_in in item["answers"]:
            sample = found[item["id"], put_in["epoch"]]
            # An empty answer is what the harness could not store; it wrote this in its place.
            assert (sample["completion"], sample["answer"]) == (put_in["raw"] or "(blank)", put_in["answer"])
            assert sample["status"] == ("ok" if put_in["answer"] else "format_failure")
            assert sample["score"] == float(put_in["answer"] == item["target"])
            assert (sample["output_tokens"], sample["reasoning_tokens"]) == (None, None)
            chosen = sample["choice_index"]
            vectors[item["id"]].append(np.full(4, 0.25) if chosen is None else np.eye(4)[chosen])
    for item in expected["items"]:
        probs, right = np.array(vectors[item["id"]]), np.eye(4)[items[item["id"]]["target_index"]]
        variance = ((probs - probs.mean(axis=0)) ** 2).sum(axis=1).mean()
        assert variance == pytest.approx(item["brier"]["variance"], abs=1e-9)
        bias_sq = ((right - probs.mean(axis=0)) ** 2).sum()
        assert bias_sq == pytest.approx(item["brier"]["bias2"], abs=1e-9)
        smooth = np.log((probs + 1e-12) / (1 + 4e-12)).mean(axis=0)
        assert -np.logaddexp.reduce(smooth) == pytest.approx(item["kl"]["variance"], abs=1e-9)
    (condition,) = rows(layout, "conditions")
    assert (condition["n_shots"], condition["temperature"], condition["max_tokens"]) == (0, 1.0, 16)
    assert {sample["context_id"] for sample in found.values()} == {"none"}


def test_log_probabilities_become_the_harness_s_own_probabilities(layout: Layout, shared_logs: Path) -> None:
    (path,) = (shared_logs / "lm_eval" / "hf_tiny" / "tinygpt").glob("samples_tiny_mc_*")
    (report,) = import_paths([path], layout).reports
    assert "variance is zero by construction" in report.message
    samples = defaultdict(list)
    for sample in rows(layout, "samples"):
        samples[sample["item_id"]].append(sample)
    items = {item["item_id"]: item for item in rows(layout, "items")}
    for line in path.read_text().splitlines():
        told = json.loads(line)
        index, printed = told["brier_score"]
        repeats = samples[told["doc"]["id"]]
        assert len(repeats) == 30
        assert items[told["doc"]["id"]]["target_index"] == index
        for sample in repeats:
            assert sample["class_probs"] == pytest.approx(np.fromstring(printed.strip("[]"), sep=" "), abs=1e-7)
            assert sample["score"] == told["acc"]
    (model,) = rows(layout, "models")
    assert (model["param_count"], model["provider"]) == (44_384, "hf")


def test_a_repeat_is_scored_as_the_harness_scored_the_first(tmp_path: Path, layout: Layout) -> None:
    documents: list[dict[str, Any] | str] = [
        document(1, ["I say #### 1,000", "#### 1000", "#### 7", "no idea"]),
        document(2, ["no idea", "#### 2000"]),
        # the harness's own verdict differs from what its options give: only the first repeat keeps a score
        document(3, ["#### 5", "#### 3000"], exact_match=1.0),
        document(1, ["#### 1,000"], filter="majority"),
    ]
    (report,) = import_paths([output(tmp_path / "o", documents, MATH)], layout).reports
    assert report.n_samples == 8
    assert "filter 'strict' was read; majority" in report.message
    assert "1 of 8 samples have no score, because the harness scored the first repeat alone" in report.message
    found = {(sample["item_id"], sample["epoch"]): sample for sample in rows(layout, "samples")}
    assert [found["1", epoch]["score"] for epoch in (1, 2, 3, 4)] == [1.0, 1.0, 0.0, 0.0]
    assert [found["1", epoch]["status"] for epoch in (1, 2, 3, 4)] == ["ok", "ok", "ok", "format_failure"]
    assert [found["2", epoch]["score"] for epoch in (1, 2)] == [0.0, 1.0]
    assert [found["3", epoch]["score"] for epoch in (1, 2)] == [1.0, None]
    assert found["1", 1]["answer"] == "1,000"
    assert found["1", 1]["created_at"].isoformat() == "2026-01-02T03:04:05.500000+00:00"
    assert {sample["context_id"] for sample in found.values()} == {"fewshot-seed-1234"}
    (condition,) = rows(layout, "conditions")
    assert condition["condition_label"] == "open-ended · 5-shot · T 0.7 · max 64"
    assert rows(layout, "items")[0]["question"] == "What is 1?"


def test_identical_repeats_are_said_aloud(tmp_path: Path, layout: Layout) -> None:
    documents: list[dict[str, Any] | str] = [document(1, ["#### 1"] * 3), document(2, ["#### 2"] * 3)]
    path = output(tmp_path / "same", documents, MATH)
    (report,) = import_paths([path], layout).reports
    assert report.outcome == "imported"
    assert "WARNING: all repeats of every item are identical" in report.message
    assert "seed" in report.message
    assert report.n_quarantined == 0
    (other,) = import_paths([output(tmp_path / "other", [document(1, ["#### 1", "#### 2"])], MATH)], layout).reports
    assert "WARNING" not in other.message


def test_documents_and_repeats_that_are_missing_are_told(tmp_path: Path, layout: Layout) -> None:
    documents: list[dict[str, Any] | str] = [document(1, ["#### 1", "#### 1000"]), document(2, ["#### 2"])]
    told = {"n-samples": {"sums_task": {"original": 9, "effective": 3}}}
    path = output(tmp_path, documents, {**MATH, "repeats": 2}, **told)
    (report,) = import_paths([path], layout).reports
    assert (report.n_samples, report.n_quarantined) == (3, 2)
    assert {row["place"]: row["reason"] for row in rows(layout, "quarantine")} == {
        "line 2": "1 repeats where the task asks for 2: edited or damaged",
        "documents": "the run had 3 documents and the file holds 2: cut short or edited",
    }


def test_two_runs_with_equal_answers_stay_two(tmp_path: Path, layout: Layout) -> None:
    documents: list[dict[str, Any] | str] = [document(1, ["#### 1", "#### 2"])]
    one = output(tmp_path / "one", documents, MATH)
    other = output(tmp_path / "two", documents, MATH, model_name="org/model-2b")
    assert one.read_bytes() == other.read_bytes()
    summary = import_paths([tmp_path], layout)
    assert summary.count("imported") == 2
    assert {sample["model_id"] for sample in rows(layout, "samples")} == {"org/model-1b", "org/model-2b"}
    before = files(layout)
    assert import_paths([tmp_path], layout).count("unchanged") == 2
    assert files(layout) == before


def test_bad_lines_are_quarantined_by_their_number(tmp_path: Path, layout: Layout) -> None:
    documents: list[dict[str, Any] | str] = [
        document(1, ["#### 1"]),
        '{"doc_id": 2, "resps": [[1',
        document(3, ["x"], resps=[[["a", "b"]]]),
        document(1, ["#### 9"]),
        document(5, ["#### 5"], doc_id={"a": 1}),
        document(6, ["#### 6"], doc={"id": "1", "question": float("nan")}),
        json.dumps(document(7, ["#### 7"]))[:-1] + ', "target": "9"}',
    ]
    summary = import_paths([output(tmp_path / "o", documents, MATH)], layout)
    assert {row["place"]: row["reason"][:20] for row in rows(layout, "quarantine")}.keys() == {
        *("line 2", "line 3", "line 4", "line 5", "line 7")
    }
    assert summary.n_samples == 2
    assert {sample["item_id"] for sample in rows(layout, "samples")} == {"1", "1#6"}  # one id, two documents


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"configs": {}}, "says nothing of task"),
        ({"model_name": None, "config": {}}, "names no model"),
        ({"configs": {"sums_task": {"output_type": "loglikelihood_rolling"}}}, "no right answer"),
        ({"configs": {"sums_task": 3}}, "says nothing of task"),
    ],
)
def test_results_that_do_not_say_enough_refuse_the_file(
    tmp_path: Path, layout: Layout, change: dict[str, Any], reason: str
) -> None:
    path = output(tmp_path, [document(1, ["#### 1"])], MATH, **change)
    (report,) = import_paths([path], layout).reports
    assert report.outcome == "refused"
    assert reason in report.message


def test_without_its_results_a_file_is_refused_until_they_are_there(tmp_path: Path, layout: Layout) -> None:
    path = output(tmp_path / "o", [document(1, ["#### 1"])], MATH)
    alone = tmp_path / "alone" / path.name
    alone.parent.mkdir()
    shutil.copy(path, alone)
    assert "is not beside it" in import_paths([alone], layout).reports[0].message
    shutil.copy(path.with_name(f"results_{STAMP}.json"), alone.parent)
    assert import_paths([alone], layout).count("imported") == 1
    renamed = path.with_name("my_samples.jsonl")
    path.rename(renamed)
    assert "give it back the name" in import_paths([renamed], layout).reports[0].message


def _filter(pattern: str, **step: Any) -> Filter:
    return Filter("f", ({"function": "regex", "regex_pattern": pattern, **step}, {"function": "take_first"}))


@pytest.mark.parametrize(
    ("pattern", "step", "text", "expected"),
    [
        (r"ANSWER: ([A-D])", {}, "ANSWER: B, no: ANSWER: C", "B"),
        (r"(-?[$0-9.,]{2,})|(-?[0-9]+)", {"group_select": -1}, "from 12 and 30 I get 7", "7"),
        (r"[0-9]+", {"fallback": "none"}, "no digits", "none"),
        (r"(?i)answer is \(?([a-j])\)?", {}, "The Answer is (c).", "c"),
        (r"(a)(b)?", {}, "xa", "a"),
    ],
)
def test_filters_extract_as_the_harness_does(pattern: str, step: dict[str, Any], text: str, expected: str) -> None:
    assert extract([text], _filter(pattern, **step)) == [expected]


def test_patterns_that_could_hang_or_do_not_compile_are_not_applied() -> None:
    assert extract(["a" * 50_000 + "!"], _filter(r"(a+)+$")) == ["[invalid]"]  # exponential for a backtracking engine
    assert extract(["x"], _filter(r"(?<=answer is )(.*)")) is None
    assert extract(["x"], _filter("(")) is None
    assert extract(["x"], Filter("f", ({"function": "custom"},))) is None
    assert exact_matches(["x"], "x", {"regexes_to_ignore": ["("]}) is None
    assert exact_matches(["It's 5!"], "its", {"ignore_case": True, "ignore_punctuation": True}) == [0.0]
    assert exact_matches(["It's!"], "its", {"ignore_case": True, "ignore_punctuation": True}) == [1.0]
