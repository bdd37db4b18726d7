"""Logs of every kind that Inspect writes, against the answers that were put in, with a NumPy decomposition."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import rows
from warehouse.layout import Layout

DELTA = 1e-12


def _load(layout: Layout, shared_logs: Path, name: str) -> tuple[list[dict[str, Any]], Any]:
    (path,) = (shared_logs / "inspect").glob(f"{name}.*")
    summary = import_paths([path], layout)
    assert not summary.has_refused
    assert summary.n_quarantined == 0
    return rows(layout, "samples"), json.loads((shared_logs / "truth" / f"{name}.json").read_text())


def _by_key(samples: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    keyed = {(sample["item_id"], sample["epoch"]): sample for sample in samples}
    assert len(keyed) == len(samples)
    return keyed


@pytest.mark.parametrize(
    "name",
    [
        *("mcq_50x30", "mcq_10x30_small", "mcq_2x30_json", "prob_2x30_json", "mcq_sample_errors", "mcq_6x5_v0_3_100"),
        "mcq_numchoices30",
    ],
)
def test_every_answer_is_the_one_that_was_put_in(layout: Layout, shared_logs: Path, name: str) -> None:
    samples, truth = _load(layout, shared_logs, name)
    found = _by_key(samples)
    items = {item["item_id"]: item for item in rows(layout, "items")}
    assert len(found) == sum(len(item["answers"]) for item in truth)
    for item in truth:
        assert items[item["id"]]["n_choices"] == item["C"]
        assert items[item["id"]]["target_index"] == item["target_index"]
        for put_in in item["answers"]:
            sample = found[item["id"], put_in["epoch"]]
            if put_in.get("error"):
                assert sample["status"] == "error"
                assert "simulated provider failure" in sample["error"]
                continue
            assert sample["completion"] == put_in["raw"]
            if "probs" in put_in:
                assert sample["class_probs"] == put_in["probs"]
                assert sample["choice_index"] is None
                answered = put_in["probs"] is not None
            else:
                answered = put_in["answer"] is not None
                assert sample["answer"] == put_in["answer"]
                assert sample["choice_index"] == (ord(put_in["answer"]) - ord("A") if answered else None)
            assert sample["status"] == ("ok" if answered else "format_failure")
            tokens = [sample[f"{kind}_tokens"] for kind in ("input", "output", "reasoning")]
            if name == "mcq_numchoices30":  # the call reports one sum for its 30 completions
                assert tokens == [None, None, None]
            else:
                assert tokens == [put_in["in_tok"], put_in["out_tok"], put_in["reason_tok"]]


@pytest.mark.parametrize(
    "name",
    [
        *("mcq_50x30", "mcq_10x30_small", "mcq_2x30_json", "prob_2x30_json", "mcq_sample_errors", "mcq_6x5_v0_3_100"),
        "mcq_numchoices30",
    ],
)
def test_what_was_written_decomposes_as_expected(layout: Layout, shared_logs: Path, name: str) -> None:
    samples, _ = _load(layout, shared_logs, name)
    expected = json.loads((shared_logs / "expected" / f"{name}.json").read_text())
    items = {item["item_id"]: item for item in rows(layout, "items")}
    vectors: dict[str, list[np.ndarray]] = defaultdict(list)
    for sample in samples:
        n_choices = items[sample["item_id"]]["n_choices"]
        if sample["status"] == "error":
            continue
        if sample["class_probs"] is not None:
            vector = np.array(sample["class_probs"]) / sum(sample["class_probs"])
        elif sample["choice_index"] is not None:
            vector = np.eye(n_choices)[sample["choice_index"]]
        else:
            vector = np.full(n_choices, 1 / n_choices)
        vectors[sample["item_id"]].append(vector)
    for item in expected["items"]:
        probs, target = np.array(vectors[item["id"]]), items[item["id"]]["target_index"]
        truth, mean = np.eye(probs.shape[1])[target], probs.mean(axis=0)
        smooth = np.log((probs + DELTA) / (1 + probs.shape[1] * DELTA)).mean(axis=0)
        kl_variance = -np.logaddexp.reduce(smooth)
        got = {
            "brier": {"bias2": ((truth - mean) ** 2).sum(), "variance": ((mean - probs) ** 2).sum(axis=1).mean()},
            "kl": {"variance": kl_variance, "error": -smooth[target]},
        }
        for decomposition, numbers in got.items():
            for number, value in numbers.items():
                assert value == pytest.approx(item[decomposition][number], abs=1e-9), (
                    item["id"],
                    decomposition,
                    number,
                )


@pytest.mark.parametrize(
    ("name", "run_status", "n_samples"),
    [
        ("mcq_cancelled_sigint", "cancelled", 49),
        ("mcq_crashed_sigkill", "crashed", 41),
        ("mcq_status_error", "error", 18),
    ],
)
def test_a_run_that_ended_badly_gives_what_it_holds(
    layout: Layout, shared_logs: Path, name: str, run_status: str, n_samples: int
) -> None:
    summary = import_paths([shared_logs / "inspect" / f"{name}.eval"], layout)
    samples = rows(layout, "samples")
    assert [report.run_status for report in summary.reports] == [run_status]
    assert len(samples) == n_samples == summary.n_samples
    assert {sample["run_status"] for sample in samples} == {run_status}
    truth = json.loads((shared_logs / "truth" / "mcq_50x30.json").read_text())
    put_in = {(item["id"], answer["epoch"]): answer for item in truth for answer in item["answers"]}
    for sample in samples:
        if sample["status"] != "error":
            assert sample["answer"] == put_in[sample["item_id"], sample["epoch"]]["answer"]
    assert sum(sample["status"] != "error" for sample in samples) >= n_samples - 4


def test_an_agent_s_turns_totals_and_unit_tests(layout: Layout, shared_logs: Path) -> None:
    samples, truth = _load(layout, shared_logs, "agent_6x30")
    found = _by_key(samples)
    tests = defaultdict(dict)
    for row in rows(layout, "test_outcomes"):
        tests[row["sample_id"]][row["test_name"]] = row
    for item in truth:
        for run in item["runs"]:
            sample = found[item["id"], run["epoch"]]
            assert sample["n_actions"] == run["steps"]
            assert sample["output_tokens"] == sum(run["out_tokens"])
            assert sample["reasoning_tokens"] == sum(run["reasoning_tokens"])
            assert sample["score"] == float(all(run["tests"]))
            outcomes = [row for _, row in sorted(tests[sample["sample_id"]].items())]
            assert [int(row["passed"]) for row in outcomes] == run["tests"]
            assert [row["kind"] for row in outcomes] == ["fail_to_pass"] * 4 + ["pass_to_pass"] * 4


def test_the_whole_folder_loads_but_for_the_chunked_log(layout: Layout, shared_logs: Path) -> None:
    summary = import_paths([shared_logs / "inspect"], layout)
    assert [report.path.stem for report in summary.reports if report.outcome == "refused"] == [
        "agent_message_limit_chunked"
    ]
    assert summary.count("imported") == 11
    (refused,) = rows(layout, "quarantine")
    assert refused["place"] == "file"
    assert "chunks" in refused["reason"]
