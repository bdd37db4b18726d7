"""Real logs, from file to figures, against numbers that were computed independently of this project.

Logs written by Inspect, with the numbers that came with them; repeated runs that others published (rewards and tool
calls of tau-bench, letters of llm-stability), against the files themselves in NumPy.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections import defaultdict
from functools import cache
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.logs.importer import import_paths
from ingestion.logs.table.mapping_file import SHIPPED
from ingestion.public_runs import catalogue
from tests.dbt.conftest import agree
from tests.ingestion.test_swe_bench import DJANGO, evaluated, report, run_folder
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import Unit, choice_unit, contrast, estimate
from tests.oracles.decompositions import Array, Split, brier, coverage, kl
from tests.oracles.pooling import buckets, incoherence, paired_mean_interval
from warehouse.connect import connect_build
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.transform import build

SHARED = PROJECT_ROOT.parent / "shared" / "data"
EVAL_LOGS = SHARED / "eval_logs"
TAU_BENCH = SHARED / "repeated_runs" / "tau_bench" / "gpt-4o-airline.json"
HINTS = SHARED / "repeated_runs" / "hot_mess_hints"
LLM_STABILITY = SHARED / "repeated_runs" / "llm_stability" / "strict_json_schema_runs.tgz"
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

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the logs in {SHARED}")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each log in a task of its own would hide clashes, so all of them share one warehouse."""
    layout = Layout(tmp_path_factory.mktemp("real"))
    paths = [EVAL_LOGS / "inspect" / name for name in (*LOGS, "agent_6x30.eval")]
    paths += [EVAL_LOGS / "lm_eval" / "local_chat", swe_bench_runs(tmp_path_factory.mktemp("swe_bench"))]
    import_paths(paths, layout)
    import_paths(paths, layout)
    folder = tmp_path_factory.mktemp("runs")
    with tarfile.open(LLM_STABILITY) as archive:
        archive.extractall(folder, filter="data")
    import_paths([folder], layout, mapping=SHIPPED / "answers_csv.yaml")
    tool_calls = folder / "tool_calls.yaml"
    tool_calls.write_text(
        (SHIPPED / "tau_bench.yaml").read_text().replace('{count: "traj[*]", where: {role: assistant}}', TOOL_CALLS)
    )
    # The mapping tells the task by the file's name.
    few = folder / "gpt-4o-retail.json"
    few.write_text(json.dumps(few_runs()))
    import_paths([TAU_BENCH, few], layout, mapping=tool_calls)
    for kind in ("baseline", "hinted"):
        summary = import_paths(sorted(HINTS.glob(f"{kind}_*.json")), layout, mapping=SHIPPED / f"hints_{kind}.yaml")
        assert not summary.has_refused, summary.reports
    build(layout)
    return layout.root


TOOL_CALLS = '{count: "traj[*].tool_calls[*]"}'


def trials() -> list[dict[str, Any]]:
    return list(json.loads(TAU_BENCH.read_text()))


def few_runs() -> list[dict[str, Any]]:
    """The same trials with 1, 2, 3 or 4 runs of a task, all of one length."""
    return [
        trial | {"traj": [{"role": "assistant", "content": "done", "tool_calls": [{}, {}]}]}
        for trial in trials()
        if trial["trial"] <= trial["task_id"] % 4
    ]


def swe_bench_runs(folder: Path) -> Path:
    """Three runs of one instance: all tests pass, one fails, and all pass although a limit had stopped the agent."""
    for number, failed in enumerate([(), ("test_a (m.T)",), ()], 1):
        evaluated(run_folder(folder, f"run_{number}"), DJANGO, report(DJANGO, failed=failed))
    stopped = {"info": {"exit_status": "LimitsExceeded", "model_stats": {"api_calls": 250}}}
    (run_folder(folder, "run_3") / DJANGO / f"{DJANGO}.traj").write_text(json.dumps(stopped))
    return folder


def rows(root: Path, query: str, *parameters: Any) -> list[dict[str, Any]]:
    with connect_build(Layout(root)) as database:
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


def of_item(told: list[dict[str, Any]]) -> dict[str, Array]:
    """(runs, 1) rewards of each task of tau-bench."""
    rewards = defaultdict(list)
    for trial in told:
        rewards[str(trial["task_id"])].append([trial["reward"]])
    return {item: np.array(runs) for item, runs in rewards.items()}


def assert_pooled(root: Path, task: str, decomposition: str, splits: dict[str, Split]) -> None:
    """The numbers of each item and the pooled ones with their interval."""
    items = rows(root, "from marts.fct_item_decomposition where task = ? and decomposition = ?", task, decomposition)
    assert {row["item_id"] for row in items} == set(splits)
    for row in items:
        expected = splits[row["item_id"]]
        assert agree(row["error"], expected.error)
        assert agree(row["bias_sq"], expected.bias_sq) and agree(row["variance"], expected.variance)
    (pooled,) = rows(root, "from marts.fct_incoherence where task = ? and decomposition = ?", task, decomposition)
    errors, variances = (np.array([getattr(s, part) for s in splits.values()]) for part in ("error", "variance"))
    assert pooled["n_items"] == len(splits)
    assert agree(pooled["error"], float(errors.mean())) and agree(pooled["variance"], float(variances.mean()))
    assert agree(pooled["bias_sq"], float(np.mean([s.bias_sq for s in splits.values()])))
    assert agree(pooled["incoherence"], incoherence(variances, errors))
    assert not set(pooled) & {"incoherence_ci_low", "incoherence_ci_high"}


@pytest.mark.parametrize("task", ["tau_bench_airline", "tau_bench_retail"])
def test_rewards_of_tau_bench(root: Path, task: str) -> None:
    told = trials() if task == "tau_bench_airline" else few_runs()
    rewards = of_item(told)
    assert {len(runs) for runs in rewards.values()} == ({4} if task == "tau_bench_airline" else {1, 2, 3, 4})
    assert_pooled(root, task, "score", {item: coverage(runs) for item, runs in rewards.items()})
    for row in rows(root, "from marts.fct_item_decomposition where task = ? and decomposition = 'score'", task):
        assert row["n_samples"] == len(rewards[row["item_id"]])
        # One run says nothing about the variance: what few runs are corrected for cannot be known.
        assert (row["variance_unbiased"] is None) == (row["n_samples"] == 1)


@pytest.mark.parametrize("task", ["tau_bench_airline", "tau_bench_retail"])
def test_pass_hat_k_is_counted_as_tau_bench_counts(root: Path, task: str) -> None:
    """Of its `run.py`: comb(c, k) / comb(num_trials, k) of a task, averaged over tasks; here those with k trials."""
    n_right: dict[str, list[bool]] = defaultdict(list)
    for trial in trials() if task == "tau_bench_airline" else few_runs():
        n_right[str(trial["task_id"])].append(abs(trial["reward"] - 1) <= 1e-6)
    found = rows(root, "from figures.fig_reliability where task = ? order by k", task)
    assert [row["k"] for row in found] == [1, 2, 3, 4]
    for row in found:
        runs = [right for right in n_right.values() if len(right) >= row["k"]]
        counted = [comb(sum(right), row["k"]) / comb(len(right), row["k"]) for right in runs]
        assert row["n_items"] == len(runs) and agree(row["pass_hat_k"], sum(counted) / len(counted))
    if task == "tau_bench_airline":
        # As its leaderboard has them: gpt-4o, tool calling.
        assert [round(row["pass_hat_k"], 3) for row in found] == [0.42, 0.273, 0.22, 0.2]


def test_tool_calls_of_tau_bench(root: Path) -> None:
    calls = defaultdict(list)
    for trial in trials():
        calls[str(trial["task_id"])].append(sum(len(m.get("tool_calls") or []) for m in trial["traj"]))
    lengths = {item: float(np.mean(n_calls)) for item, n_calls in calls.items()}
    splits = {item: coverage(runs) for item, runs in of_item(trials()).items()}
    members = defaultdict(list)
    for item, bucket in buckets(lengths).items():
        members[bucket].append(item)
    found = rows(
        root,
        "from figures.fig_incoherence_by_reasoning_length where task = 'tau_bench_airline' and decomposition = 'score' "
        "and length_axis = 'actions'",
    )
    assert {row["bucket"] for row in found} == set(members)
    for row in found:
        chosen = members[row["bucket"]]
        assert agree(row["mean_length"], float(np.mean([lengths[item] for item in chosen])))
        errors, variances = (np.array([getattr(splits[i], part) for i in chosen]) for part in ("error", "variance"))
        assert agree(row["incoherence"], incoherence(variances, errors))


def test_lengths_that_are_all_tied(root: Path) -> None:
    """Buckets are cut by item id, no slope is made up, and no item has a longer half."""
    where = "where task = 'tau_bench_retail' and decomposition = 'score'"
    found = rows(root, f"from figures.fig_incoherence_by_reasoning_length {where} order by bucket")
    assert [row["n_items"] for row in found] == [5] * 10
    assert {row["mean_length"] for row in found} == {2.0}
    (fit,) = rows(root, f"from figures.fig_incoherence_by_reasoning_length_fits {where} and measure = 'incoherence'")
    assert fit["slope"] is None and fit["n_points"] + fit["n_dropped"] == 10
    assert not rows(root, f"from figures.fig_natural_overthinking {where}")


def test_letters_of_llm_stability(root: Path) -> None:
    """Seven tasks, five runs each; their files say nothing about lengths, so no figure sorts by one."""
    answers: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    targets: dict[tuple[str, str], int] = {}
    with tarfile.open(LLM_STABILITY) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")) if file else ():
                options = json.loads(row["model_config"])["answer_schema"]["schema"]["properties"]["Answer"]["enum"]
                # "B", "(B)" and once "(B) No gain or loss.."
                said = json.loads(row["response"])["Answer"].removeprefix("(").split(")")[0]
                target = row["gt"].strip("()")
                chosen = [float(option == said) if said in options else 1 / len(options) for option in options]
                # Two items name a target that is none of the options: nothing to decompose.
                if target in options:
                    answers[row["task"]][row["rubric_id"]].append(chosen)
                    targets[row["task"], row["rubric_id"]] = options.index(target)
    assert {task: len(items) for task, items in answers.items()} == {
        "college_mathematics": 100,
        "high_school_european_history": 165,
        "logical_deduction": 250,
        "navigate": 250,
        "professional_accounting": 282,
        "public_relations": 110,
        "ruin_names": 248,
    }
    for task, items in answers.items():
        for decomposition, oracle in (("kl", kl), ("brier", brier)):
            splits = {item: oracle(np.array(runs), targets[task, item]) for item, runs in items.items()}
            assert_pooled(root, task, decomposition, splits)
        (told,) = rows(
            root,
            "select count(mean_output_tokens) + count(mean_reasoning_tokens) + count(mean_actions) as n_lengths "
            "from marts.fct_item_decomposition where task = ?",
            task,
        )
        assert told["n_lengths"] == 0
        assert not rows(root, "from figures.fig_incoherence_by_reasoning_length where task = ?", task)


@cache
def hint_answers(model: str, hint: str) -> dict[str, ItemAnswers]:
    """Letters of five samples per question, by its number; GPQA's questions have subjects in words."""
    told = json.loads((HINTS / f"{'baseline' if hint == 'none' else 'hinted'}_{model}.json").read_text())
    found = {}
    for row in told if hint == "none" else told[hint]:
        choices = ["ABCD".index(sample["answer"]) for sample in row["answers"]]
        samples = [{"context_id": "none", "class_probs": None} for _ in choices]
        target = "ABCD".index(row["correct_answer"])
        found[str(row["question_idx"])] = ItemAnswers(target, np.eye(4)[choices], list(choices), samples, 0, 0, 0)
    return found


def hint_tasks() -> dict[str, str]:
    """Task of each question."""
    told = json.loads((HINTS / "baseline_haiku-4.5.json").read_text())
    return {str(row["question_idx"]): "gpqa_hints" if row["subject"][0].isupper() else "mmlu_hints" for row in told}


def test_questions_of_the_hints_are_gpqa_s_or_mmlu_s_by_their_subject(root: Path) -> None:
    found = rows(
        root, "select task, source_item_id, is_withheld, question from marts.dim_item where task like '%_hints'"
    )
    assert {row["source_item_id"]: row["task"] for row in found} == hint_tasks()
    assert all(row["is_withheld"] == (row["task"] == "gpqa_hints") for row in found)


def test_a_hint_from_a_grader_makes_haiku_more_coherent_on_gpqa(root: Path) -> None:
    (row,) = rows(
        root,
        "from figures.fig_contrasts where task = 'gpqa_hints' and model_id = 'claude-haiku-4-5' "
        "and decomposition = 'brier' and setting_value = 'none' and other_setting_value = 'grader'",
    )
    assert row["verdict"] == "more_coherent" and row["is_main_decomposition"] and row["is_from_baseline"]
    assert (row["condition_label"], row["other_condition_label"]) == ("hint: none", "hint: grader")
    assert row["n_items"] == 198
    assert round(row["incoherence_unbiased"], 3) == 0.379
    assert round(row["other_incoherence_unbiased"], 3) == 0.138
    assert (round(row["incoherence"], 3), round(row["other_incoherence"], 3)) == (0.303, 0.110)
    assert row["sentence"].startswith(
        "More coherent for claude-haiku-4-5 on gpqa_hints, hint: none → grader: Brier incoherence 0.38 → 0.14, −0.24 "
    )
    for condition, low, high in ((row["condition_id"], 0.33, 0.43), (row["other_condition_id"], 0.11, 0.17)):
        (pool,) = rows(
            root,
            "from marts.fct_incoherence where task = ? and model_id = ? and condition_id = ? "
            "and decomposition = 'brier'",
            *(row["task"], row["model_id"], condition),
        )
        ends = (pool["incoherence_unbiased_ci_low"], pool["incoherence_unbiased_ci_high"])
        assert [round(end, 2) for end in ends] == [low, high]


def test_contrasts_of_hints_agree_with_the_files(root: Path) -> None:
    """Every hint against none and against every other hint: 3 models, 2 tasks, 7 · 6 / 2 pairs; by KL of one model."""
    tasks, models = hint_tasks(), {"claude-haiku-4-5": "haiku-4.5"}
    found = rows(
        root,
        "from figures.fig_contrasts where setting = 'hint' "
        "and (decomposition = 'brier' or decomposition = 'kl' and model_id = 'claude-haiku-4-5')",
    )
    assert len(found) == (3 + 1) * 2 * 21
    for row in found:
        model = models.get(row["model_id"], row["model_id"])
        sides = []
        for hint in (row["setting_value"], row["other_setting_value"]):
            answers = hint_answers(model, hint)
            sides.append(
                [choice_unit(answers[item], row["decomposition"]) for item in answers if tasks[item] == row["task"]]
            )
        for side, units in zip(("", "other_"), sides, strict=True):
            assert agree(row[f"{side}incoherence_unbiased"], estimate(units).ratio)
            assert agree(row[f"{side}n_effective"], estimate(units).n_effective)
        expected = contrast([(-1, sides[0]), (1, sides[1])])
        assert_difference(row, "incoherence_unbiased", expected)
        for measure in ("error", "bias_sq_unbiased", "variance_unbiased"):
            values = [np.array([part(unit, measure) for unit in units]) for units in sides]
            assert_difference(row, measure, paired_mean_interval(values[0], values[1]))


def part(unit: Unit, measure: str) -> float:
    assert unit.variance is not None
    parts = {"error": unit.error, "variance_unbiased": unit.variance, "bias_sq_unbiased": unit.error - unit.variance}
    return parts[measure]


def assert_difference(row: dict[str, Any], measure: str, expected: tuple[float | None, ...]) -> None:
    for end, value in zip(("", "_ci_low", "_ci_high"), expected, strict=True):
        assert agree(row[f"{measure}_difference{end}"], value), (measure, end, row, value)


def test_the_published_results_are_computed_again(root: Path) -> None:
    """Seed public_results, from the files that it was computed from."""
    found = rows(
        root,
        "select pools.*, coalesce(pools.accuracy, mean_score) as accuracy_or_score, condition_label "
        "from marts.fct_incoherence as pools join marts.dim_condition using (condition_id) where is_main_decomposition",
    )
    pools = defaultdict(list)
    for row in found:
        pools[row["task"], row["model_id"]].append(row)
    seed = rows(root, "from seeds.public_results")
    assert {row["source"] for row in seed} == set(catalogue())
    for told in seed:
        label = told["condition_label"] or ""
        (row,) = (row for row in pools[told["task"], told["model_id"]] if label in (row["condition_label"] or ""))
        assert (told["n_items"], told["n_samples"], told["decomposition"]) == (
            row["n_items"],
            row["n_samples"],
            row["decomposition"],
        )
        assert told["accuracy"] == pytest.approx(row["accuracy_or_score"], abs=1e-9)
        for column in ("error", "bias_sq_unbiased", "variance_unbiased", "incoherence", "incoherence_unbiased"):
            assert told[column] == pytest.approx(row[column], abs=1e-9), (told, column)
        for end in ("low", "high"):
            assert told[f"incoherence_unbiased_ci_{end}"] == pytest.approx(
                row[f"incoherence_unbiased_ci_{end}"], abs=1e-9
            )
        assert told["licence"] and told["page"] == catalogue()[told["source"]].page


def test_a_set_that_was_imported_stands_once_among_the_published(root: Path) -> None:
    shown = rows(root, "select source, task, model_id from figures.fig_public_results")
    own = {(row["task"], row["model_id"]) for row in shown if row["source"] == "this warehouse"}
    assert own and not own & {(row["task"], row["model_id"]) for row in shown if row["source"] != "this warehouse"}
