"""Logs written by Inspect, from file to marts, against numbers that were computed independently of this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from ingestion.importing import import_paths
from tests.dbt.conftest import agree
from tests.ingestion.test_swe_bench import DJANGO, evaluated, report, run_folder
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.transform import build

EVAL_LOGS = PROJECT_ROOT.parent / "shared" / "data" / "eval_logs"
LOGS = [
    "mcq_50x30.eval",
    "mcq_10x30_small.eval",
    "mcq_2x30_json.json",
    "prob_2x30_json.json",
    "mcq_sample_errors.eval",
    "mcq_6x5_v0_3_100.eval",
    "mcq_numchoices30.eval",
]
LM_EVAL = "samples_tiny_gen_2026-11-23T07-24-02.101843.jsonl"
WITHOUT_LENGTHS = ("mcq_numchoices30.eval", LM_EVAL)
"""Logs that do not say how long each answer was."""

pytestmark = pytest.mark.skipif(not EVAL_LOGS.is_dir(), reason=f"needs the eval logs in {EVAL_LOGS}")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each log in a task of its own would hide clashes, so all of them share one warehouse."""
    layout = Layout(tmp_path_factory.mktemp("real"))
    paths = [EVAL_LOGS / "inspect" / name for name in (*LOGS, "agent_6x30.eval")]
    paths += [EVAL_LOGS / "lm_eval" / "local_chat", swe_bench_runs(tmp_path_factory.mktemp("swe_bench"))]
    import_paths(paths, layout)
    import_paths(paths, layout)
    build(layout)
    return layout.root


def swe_bench_runs(folder: Path) -> Path:
    """Three runs of one instance: all tests pass, one fails, and all pass although a limit had stopped the agent."""
    for number, failed in enumerate([(), ("test_a (m.T)",), ()], 1):
        evaluated(run_folder(folder, f"run_{number}"), DJANGO, report(DJANGO, failed=failed))
    stopped = {"info": {"exit_status": "LimitsExceeded", "model_stats": {"api_calls": 250}}}
    (run_folder(folder, "run_3") / DJANGO / f"{DJANGO}.traj").write_text(json.dumps(stopped))
    return folder


def rows(root: Path, query: str, *parameters: Any) -> list[dict[str, Any]]:
    with duckdb.connect(str(Layout(root).build_database), read_only=True) as database:
        result = database.execute(query, parameters)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def pool_of(root: Path, log: str) -> dict[str, Any]:
    """Task, model and condition of the samples that came from this log."""
    (pool,) = rows(
        root,
        """
        select distinct task, model_id, condition_id from marts.fct_sample
        where import_id = (select import_id from staging.stg_imports where file_name = ?)
        """,
        log,
    )
    return pool


@pytest.mark.parametrize("log", [*LOGS, LM_EVAL])
def test_every_number_is_met(root: Path, log: str) -> None:
    stem = "lm_eval_local_chat" if log == LM_EVAL else Path(log).stem
    expected = json.loads((EVAL_LOGS / "expected" / f"{stem}.json").read_text())
    pool = pool_of(root, log)
    where = "task = ? and model_id = ? and condition_id = ?"
    for decomposition, bias in (("brier", "bias2"), ("kl", "bias")):
        found = rows(
            root,
            f"select source_item_id, f.* from marts.fct_item_decomposition f join marts.dim_item using (task, item_id) "
            f"where decomposition = '{decomposition}' and {where}",
            *pool.values(),
        )
        by_item = {row["source_item_id"]: row for row in found}
        assert set(by_item) >= {item["id"] for item in expected["items"]}
        for item in expected["items"]:
            row, oracle = by_item[item["id"]], item[decomposition]
            assert row["n_samples"] == item["n"] and row["n_format_failures"] == item["n_parse_fail"]
            assert row["n_errors"] == item["n_error"]
            assert agree(
                row["mean_reasoning_tokens"], None if log in WITHOUT_LENGTHS else item["mean_reasoning_tokens"]
            )
            assert abs(row["error"] - oracle["error"]) <= 1e-9
            assert abs(row["variance"] - oracle["variance"]) <= 1e-9
            assert abs(row["bias_sq"] - oracle[bias]) <= 1e-9
            if oracle["error"] >= 1e-9:
                assert abs(row["incoherence"] - oracle["incoherence"]) <= 1e-9
            else:
                assert row["incoherence"] is None
            if decomposition == "brier" and item["n"] > 1:
                assert abs(row["variance_unbiased"] - oracle["variance_unbiased"]) <= 1e-9
                assert abs(row["bias_sq_unbiased"] - oracle["bias2_unbiased"]) <= 1e-9
        (pooled,) = rows(
            root,
            f"select * from marts.fct_incoherence where decomposition = '{decomposition}' and {where}",
            *pool.values(),
        )
        totals = expected["aggregate"]
        assert pooled["n_items"] == totals["items"]
        assert abs(pooled["error"] - totals[f"{decomposition}_error"]) <= 1e-9
        assert abs(pooled["bias_sq"] - totals[f"{decomposition}_{bias}"]) <= 1e-9
        assert abs(pooled["variance"] - totals[f"{decomposition}_variance"]) <= 1e-9
        assert abs(pooled["incoherence"] - totals[f"{decomposition}_incoherence_ratio_of_means"]) <= 1e-9


def test_an_agent_s_unit_tests_decompose_as_expected(root: Path) -> None:
    expected = json.loads((EVAL_LOGS / "expected" / "agent_6x30.json").read_text())
    found = rows(root, "from marts.fct_item_decomposition where task = 'agent_code' and decomposition = 'coverage'")
    by_item = {row["item_id"]: row for row in found}
    assert len(by_item) == len(expected["items"]) == 6
    for item in expected["items"]:
        row, oracle = by_item[item["id"]], item["tests_brier_mean"]
        assert row["n_samples"] == item["n"]
        assert abs(row["mean_actions"] - item["mean_assistant_turns"]) <= 1e-9
        for ours, theirs in (("error", "error"), ("bias_sq", "bias2"), ("variance", "variance")):
            assert abs(row[ours] - oracle[theirs]) <= 1e-9


def test_a_limit_leaves_the_tests_of_swe_bench_unchanged(root: Path) -> None:
    found = rows(root, "from marts.fct_item_decomposition where task = 'swe_bench'")
    by_decomposition = {row["decomposition"]: row for row in found}
    passed = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]])  # the last two columns are pass-to-pass
    for decomposition, outcomes in (("coverage", passed), ("score", 1 * passed.all(axis=1, keepdims=True))):
        row, mean = by_decomposition[decomposition], outcomes.mean(axis=0)
        assert row["n_samples"] == 3
        assert abs(row["error"] - ((1 - outcomes) ** 2).mean()) <= 1e-9
        assert abs(row["bias_sq"] - ((1 - mean) ** 2).mean()) <= 1e-9
        assert abs(row["variance"] - ((outcomes - mean) ** 2).mean()) <= 1e-9


def test_importing_twice_changes_nothing(root: Path) -> None:
    (counts,) = rows(root, "select sum(n_superseded) as n_superseded, count(*) as n_samples from marts.fct_sample")
    (imported,) = rows(root, "select sum(n_samples) as n_samples from staging.stg_imports")
    assert counts["n_samples"] == imported["n_samples"]
    assert counts["n_superseded"] == 0
