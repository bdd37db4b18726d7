"""Run folders of the SWE-bench harness, laid out and written as `swebench.harness.run_evaluation` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import files, rows
from warehouse.layout import Layout

DJANGO, SYMPY = "django__django-11099", "sympy__sympy-20590"


def report(instance: str, *, failed: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """`report.json` of an instance whose tests ran: two that must be repaired, two that must stay."""

    def outcome(*tests: str) -> dict[str, list[str]]:
        return {
            "success": [test for test in tests if test not in failed],
            "failure": [test for test in tests if test in failed],
        }

    told = {
        "patch_is_None": False,
        "patch_exists": True,
        "patch_successfully_applied": True,
        "resolved": not failed,
        "tests_status": {
            "FAIL_TO_PASS": outcome("test_a (m.T)", "test_b (m.T)"),
            "PASS_TO_PASS": outcome("test_c (m.T)", "test_d (m.T)"),
            "FAIL_TO_FAIL": outcome(),
            "PASS_TO_FAIL": outcome(),
        },
    }
    return {instance: told | fields}


def evaluated(run: Path, instance: str, content: dict[str, Any] | str | None = None, **texts: str) -> Path:
    """An instance's folder with a report and other files."""
    folder = run / instance
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "report.json").write_text(content if isinstance(content, str) else json.dumps(content, indent=4))
    for name, text in {"run_instance_log": "INFO - Container started", "patch_diff": "diff --git a b", **texts}.items():
        (folder / name.replace("_log", ".log").replace("_diff", ".diff").replace("_txt", ".txt")).write_text(text)
    return folder


def run_folder(root: Path, run_id: str, model: str = "org__model-1b") -> Path:
    return root / "logs" / "run_evaluation" / run_id / model


def found(layout: Layout) -> dict[tuple[str, int], dict[str, Any]]:
    samples = rows(layout, "samples")
    keyed = {(sample["item_id"], sample["epoch"]): sample for sample in samples}
    assert len(keyed) == len(samples)
    return keyed


def test_every_run_id_is_an_epoch_with_the_status_of_every_test(tmp_path: Path, layout: Layout) -> None:
    evaluated(run_folder(tmp_path, "verified_1"), DJANGO, report(DJANGO))
    evaluated(run_folder(tmp_path, "verified_1"), SYMPY, report(SYMPY, failed=("test_b (m.T)", "test_d (m.T)")))
    evaluated(run_folder(tmp_path, "verified_2"), DJANGO, report(DJANGO, failed=("test_a (m.T)",)))
    summary = import_paths([tmp_path / "logs"], layout)
    assert [(file.outcome, file.n_samples, file.n_quarantined) for file in summary.reports] == [
        ("imported", 2, 0),
        ("imported", 1, 0),
    ]
    samples = found(layout)
    assert {key: (sample["status"], sample["score"]) for key, sample in samples.items()} == {
        (DJANGO, 1): ("ok", 1.0),
        (SYMPY, 1): ("ok", 0.0),
        (DJANGO, 2): ("ok", 0.0),
    }
    assert {(sample["model_id"], sample["task"], sample["source"]) for sample in samples.values()} == {
        ("org/model-1b", "swe_bench", "swe_bench")
    }
    assert samples[DJANGO, 1]["completion"] == "diff --git a b"
    assert samples[DJANGO, 1]["run_id"] == "verified_1"
    tests: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in rows(layout, "test_outcomes"):
        tests.setdefault(row["sample_id"], {})[row["test_name"][:6]] = (row["kind"], row["passed"])
    assert tests[samples[SYMPY, 1]["sample_id"]] == {
        "test_a": ("fail_to_pass", True),
        "test_b": ("fail_to_pass", False),
        "test_c": ("pass_to_pass", True),
        "test_d": ("pass_to_pass", False),
    }
    assert [passed for _, passed in tests[samples[DJANGO, 2]["sample_id"]].values()].count(False) == 1
    assert {(item["item_id"], item["subject"]) for item in rows(layout, "items")} == {
        (DJANGO, "django/django"),
        (SYMPY, "sympy/sympy"),
    }
    assert {known["file_name"] for known in rows(layout, "imports")} == {
        "verified_1/org__model-1b",
        "verified_2/org__model-1b",
    }


def test_runs_are_known_by_content_and_a_run_that_grew_replaces_its_own_rows(tmp_path: Path, layout: Layout) -> None:
    run = run_folder(tmp_path, "verified_1")
    evaluated(run, DJANGO, report(DJANGO))
    import_paths([tmp_path], layout)
    before = files(layout)
    assert import_paths([run], layout).count("unchanged") == 1
    assert import_paths([tmp_path], layout).count("unchanged") == 1
    assert files(layout) == before
    evaluated(run, SYMPY, report(SYMPY))
    assert import_paths([tmp_path], layout).count("imported") == 1
    assert {(row["item_id"], row["sample_id"]) for row in rows(layout, "samples")} == {
        (sample["item_id"], sample["sample_id"]) for sample in rows(layout, "samples")
    }
    assert len({row["sample_id"] for row in rows(layout, "samples")}) == 2


@pytest.mark.parametrize(
    ("content", "texts", "status"),
    [
        (None, {"test_output_txt": "…\n\nTimeout error: 1800 seconds exceeded."}, "limit"),
        (None, {"run_instance_log": "EvaluationError: Test timed out after 1800 seconds."}, "limit"),
        (None, {"run_instance_log": ">>>>> Patch Apply Failed:\nerror: corrupt patch"}, "format_failure"),
        (
            report(DJANGO, patch_exists=False, patch_is_None=True, resolved=False, tests_status=None),
            {},
            "format_failure",
        ),
        (report(DJANGO, resolved=False, tests_status=None), {"test_output_txt": ">>>>> Tests Timed Out"}, "limit"),
        (report(DJANGO, resolved=False, tests_status=None), {"test_output_txt": ">>>>> Tests Errored"}, "error"),
        (None, {}, "error"),
    ],
)
def test_an_instance_without_results_says_why(
    tmp_path: Path, layout: Layout, content: dict[str, Any] | None, texts: dict[str, str], status: str
) -> None:
    evaluated(run_folder(tmp_path, "r1"), DJANGO, content, **texts)
    import_paths([tmp_path], layout)
    (sample,) = rows(layout, "samples")
    assert (sample["status"], sample["score"]) == (status, None if status == "error" else 0.0)
    assert sample["error"]
    assert rows(layout, "test_outcomes") == []


def test_empty_patches_are_in_the_summary_alone(tmp_path: Path, layout: Layout) -> None:
    evaluated(run_folder(tmp_path, "r7"), DJANGO, report(DJANGO))
    (tmp_path / "org__model-1b.r7.json").write_text(json.dumps({"empty_patch_ids": [SYMPY, DJANGO]}))
    import_paths([tmp_path / "logs"], layout)
    samples = found(layout)
    assert {key: sample["status"] for key, sample in samples.items()} == {
        (DJANGO, 7): "ok",
        (SYMPY, 7): "format_failure",
    }


@pytest.mark.parametrize(
    ("exit_status", "status"),
    [("Submitted", "ok"), ("LimitsExceeded", "limit"), ("exit_time", "limit"), ("RuntimeError", "ok")],
)
def test_trajectories_give_lengths_and_the_agent_s_limits(
    tmp_path: Path, layout: Layout, exit_status: str, status: str
) -> None:
    run = run_folder(tmp_path, "r1")
    evaluated(run, DJANGO, report(DJANGO))
    evaluated(run, SYMPY, report(SYMPY))
    stats = {"instance_cost": 0.5, "api_calls": 17, "tokens_sent": 9000, "tokens_received": 800}
    trajectory = {"info": {"exit_status": exit_status, "model_stats": stats}, "messages": [{"role": "user"}]}
    (run / DJANGO / f"{DJANGO}.traj").write_text(json.dumps(trajectory))
    beside = run / "trajs" / SYMPY
    beside.mkdir(parents=True)
    (beside / f"{SYMPY}.traj.json").write_text(json.dumps(trajectory))
    import_paths([tmp_path], layout)
    for sample in rows(layout, "samples"):
        assert (sample["status"], sample["n_actions"], sample["cost_usd"]) == (status, 17, 0.5)
        assert (sample["input_tokens"], sample["output_tokens"]) == (9000, 800)
        assert sample["finish_reason"] == exit_status
    assert len(rows(layout, "test_outcomes")) == 8  # as measured; downstream a limit makes them unchanged


def test_bad_instances_are_quarantined_and_the_others_load(tmp_path: Path, layout: Layout) -> None:
    run = run_folder(tmp_path, "r1")
    evaluated(run, DJANGO, report(DJANGO))
    evaluated(run, "a__cut-1", '{"a__cut-1": {"resolved"')
    evaluated(run, "a__other-1", report(DJANGO))
    evaluated(run, "a__contradiction-1", report("a__contradiction-1", resolved=False))
    evaluated(run, "a__deep-1", '{"a__deep-1": {"resolved": true, "x": ' + "[" * 100_000)
    twice = report("a__twice-1", failed=("test_a (m.T)",))
    twice["a__twice-1"]["tests_status"]["FAIL_TO_PASS"]["success"].append("test_a (m.T)")
    evaluated(run, "a__twice-1", twice)
    (report_,) = import_paths([run], layout).reports
    assert (report_.outcome, report_.n_samples, report_.n_quarantined) == ("imported", 1, 5)
    reasons = {row["place"]: row["reason"] for row in rows(layout, "quarantine")}
    assert "report.json is of django__django-11099" in reasons["a__other-1"]
    assert "contradicts the tests" in reasons["a__contradiction-1"]
    assert "nested too deeply" in reasons["a__deep-1"]
    assert "as passed and as failed" in reasons["a__twice-1"]
    assert "a__cut-1" in reasons


def test_a_report_by_itself_is_no_run(tmp_path: Path, layout: Layout) -> None:
    folder = evaluated(run_folder(tmp_path, "r1"), DJANGO, report(DJANGO))
    (refused,) = import_paths([folder / "report.json"], layout).reports
    assert refused.outcome == "refused"
    assert "import the run's folder" in refused.message


def test_submissions_of_the_experiments_repository(tmp_path: Path, layout: Layout) -> None:
    evaluated(tmp_path / "20260101_agent" / "logs", DJANGO, report(DJANGO))
    import_paths([tmp_path], layout)
    (sample,) = rows(layout, "samples")
    assert (sample["model_id"], sample["run_id"], sample["epoch"]) == ("20260101_agent", "20260101_agent", 1)
