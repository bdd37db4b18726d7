"""What an Inspect log says and does not say: scores that are none, models behind a name, tokens of others.

The logs are runs of inspect-ai with its mock model; where it takes a real server to be in the log, the log's own JSON
is edited.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as run
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import (
    Score,
    Scorer,
    Target,
    accuracy,
    choice,
    match,
    mean,
    model_graded_qa,
    scorer,
)
from inspect_ai.solver import Generate, Solver, TaskState, chain, generate, multiple_choice, solver, user_message

from ingestion.logs.importer import FileReport, import_paths
from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, output, run_inspect
from warehouse.layout import Layout
from warehouse.status import describe


def gives(values: list[Any], metrics: list[Any] | None = None, name: str = "judge") -> Scorer:
    """A scorer that gives these values, one for each epoch."""

    def build() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            return Score(value=values[state.epoch - 1])

        return score

    build.__name__ = name
    return scorer(metrics=[mean()] if metrics is None else metrics, name=name)(build)()


def graded(folder: Path, values: list[Any], metrics: list[Any] | None = None, *, target: str = "t") -> Path:
    """The log of one open question, once for each value that its scorer gave."""
    dataset = MemoryDataset([Sample(id="q", input="Why?", target=target)])
    task = Task(dataset=dataset, solver=generate(), scorer=gives(values, metrics), epochs=len(values), name="why")
    return run_inspect(folder, (task, {"q": ["because"] * len(values)}))


def imported(layout: Layout, *logs: Path, **options: Any) -> tuple[list[dict[str, Any]], FileReport]:
    report = import_paths(logs, layout, **options).reports[-1]
    return sorted(rows(layout, "samples"), key=lambda row: (row["item_id"], row["epoch"])), report


@pytest.mark.parametrize(
    ("values", "expected", "n_unscored", "told"),
    [
        (["Correct", "INCORRECT", "partial", "pass"], [1.0, 0.0, 0.5, 1.0], 0, ""),
        ([0.65, 0.2, 1.0, 0.0], [0.65, 0.2, 1.0, 0.0], 0, ""),
        (
            [1.0, math.nan, 0.0, 1.0],
            [1.0, None, 0.0, 1.0],
            1,
            "1 of 4 samples have no score, because scorer 'judge': its value is NaN",
        ),
        (["great", "poor", "great", "pass"], [None, None, None, 1.0], 3, "WARNING: 3 of 4 samples have no score"),
        ([1, 8, 10, 7], [None] * 4, 4, "from 1 to 10, a scale that is not known"),
        (["A", "A", "C", "B"], [None] * 4, 4, "letters (A, B, C)"),
        ([{"a": 1, "b": 0}] * 4, [None] * 4, 4, "several values (a, b): name one with --scorer judge:a"),
        ([[1, 0]] * 4, [None] * 4, 4, "its value is a list"),
    ],
)
def test_samples_without_a_score_are_counted_with_the_reason(
    tmp_path: Path, layout: Layout, values: list[Any], expected: list[float | None], n_unscored: int, told: str
) -> None:
    samples, report = imported(layout, graded(tmp_path, values, metrics=[]))
    assert [row["score"] for row in samples] == expected
    assert told in report.message
    assert report.has_warning == (n_unscored > 2)
    (known,) = rows(layout, "imports")
    assert known["n_unscored"] == n_unscored
    assert (f"samples without a score: {n_unscored}" in describe(layout)) == (n_unscored > 0)
    if told:
        assert told.removeprefix("WARNING: ") in describe(layout)


def test_one_of_several_values_can_be_asked_for(tmp_path: Path, layout: Layout) -> None:
    log = graded(tmp_path, [{"a": 1, "b": 0}, {"a": 0, "b": 0}], metrics=[])
    assert [row["score"] for row in imported(layout, log)[0]] == [None, None]
    samples, report = imported(layout, log, scorer="judge:a")
    assert [row["score"] for row in samples] == [1.0, 0.0]
    assert not report.has_warning


def test_a_lone_c_means_correct_only_to_a_scorer_of_inspect_s_kind(tmp_path: Path, layout: Layout) -> None:
    samples, report = imported(layout, graded(tmp_path / "known", ["C", "C"], metrics=[accuracy()]))
    assert [row["score"] for row in samples] == [1.0, 1.0] and not report.has_warning
    _, report = imported(layout, graded(tmp_path / "unknown", ["C", "C"], metrics=[]))
    assert "which may not mean correct" in report.message


def test_answers_that_nobody_meant_to_judge_are_no_fault(tmp_path: Path, layout: Layout) -> None:
    dataset = MemoryDataset([Sample(id="q", input="Tell me a story.")])
    task = Task(dataset=dataset, solver=generate(), name="stories")
    _, report = imported(layout, run_inspect(tmp_path / "none", (task, {"q": ["Once"]})))
    assert not report.has_warning and "neither a scorer nor a target" in report.message
    targeted = Task(dataset=MemoryDataset([Sample(id="q", input="2 + 2?", target="4")]), solver=generate(), name="sums")
    _, report = imported(layout, run_inspect(tmp_path / "target", (targeted, {"q": ["4"]})))
    assert report.has_warning and "nothing compares the answers with it" in report.message


def _edited(log: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    told = json.loads(log.read_text())
    change(told)
    path = log.with_name(f"edited-{log.name}")
    path.write_text(json.dumps(told))
    log.unlink()
    return path


@pytest.mark.parametrize("argument", ["model_path", "checkpoint"])
def test_checkpoints_behind_one_name_are_several_models(tmp_path: Path, layout: Layout, argument: str) -> None:
    logs = []
    for step in (100, 900):

        def behind(told: dict[str, Any], step: int = step) -> None:
            told["eval"] |= {"model": "vllm/local", "model_args": {argument: f"/data/run1/ckpt-{step}", "device": step}}

        log = run_inspect(tmp_path / str(step), mcq_task({"q": ["ANSWER: A"]}), log_format="json")
        logs.append(_edited(log, behind))
    samples, _ = imported(layout, *logs)
    assert [row["model_id"] for row in samples] == ["vllm/local/ckpt-100", "vllm/local/ckpt-900"]


def test_what_a_model_was_loaded_with_and_who_graded_make_the_condition(tmp_path: Path, layout: Layout) -> None:
    changes: dict[str, dict[str, Any]] = {
        "plain": {},
        "hardware": {"model_args": {"device": "cuda:1", "tensor_parallel_size": 2, "base_url": "http://x"}},
        "quantised": {"model_args": {"quantization": "int4"}},
        "graded by another": {"model_roles": {"grader": {"model": "openai/gpt-9", "config": {}}}},
    }
    conditions = {}
    for name, change in changes.items():
        log = run_inspect(tmp_path / name, mcq_task({"q": ["ANSWER: A"]}), log_format="json")

        def apply(told: dict[str, Any], change: dict[str, Any] = change) -> None:
            told["eval"] |= change

        imported(Layout(tmp_path / name / "warehouse"), _edited(log, apply))
        (row,) = rows(Layout(tmp_path / name / "warehouse"), "samples")
        conditions[name] = row["condition_id"]
    assert conditions["plain"] == conditions["hardware"]
    assert len(set(conditions.values())) == 3


def _spent(text: str, n_tokens: int) -> ModelOutput:
    return output(text, usage=ModelUsage(input_tokens=10, output_tokens=n_tokens, total_tokens=10 + n_tokens))


@solver
def asks_a_helper() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await get_model(role="helper").generate("help")
        return state

    return solve


def asked_twice(folder: Path, answers: list[str], *, grades_itself: bool) -> Path:
    """The log of a model that is asked twice, has a helper, and is graded: by itself, or by another model."""

    def answer(messages: Any, *_: Any) -> ModelOutput:
        is_grading = "assessing a submitted answer" in messages[-1].text
        return _spent("GRADE: C", 5_000) if is_grading else _spent(answers[len(messages) > 1], 7)

    main = get_model("mockllm/main", custom_outputs=answer, memoize=False)
    other = get_model("mockllm/grader", custom_outputs=answer, memoize=False)
    helper = get_model("mockllm/helper", custom_outputs=lambda *_: _spent("help", 300), memoize=False)
    task = Task(
        dataset=MemoryDataset([Sample(id=f"q{n}", input="Why?", target="because") for n in range(2)]),
        solver=chain(generate(), asks_a_helper(), user_message("Sure?"), generate()),
        scorer=model_graded_qa(model=main if grades_itself else other),
        epochs=2,
        name="why",
    )
    (log,) = run(
        task,
        model=main,
        model_roles={"helper": helper},
        log_dir=str(folder),
        log_format="json",
        display="none",
        log_level="error",
        log_realtime=False,
    )
    return Path(log.location)


@pytest.mark.parametrize("grades_itself", [True, False])
@pytest.mark.parametrize("has_events", [True, False])
def test_tokens_of_graders_and_other_roles_are_not_the_model_s(
    tmp_path: Path, layout: Layout, grades_itself: bool, has_events: bool
) -> None:
    path = asked_twice(tmp_path, ["because", "because"], grades_itself=grades_itself)
    if not has_events:
        path = _edited(path, lambda told: [sample.pop("events") for sample in told["samples"]])
    samples, _ = imported(layout, path)
    # What the same model wrote as a grader is told only by the events.
    n_tokens = 5_014 if grades_itself and not has_events else 14
    assert [row["output_tokens"] for row in samples] == [n_tokens] * 4
    assert {(row["n_actions"], row["score"]) for row in samples} == {(2, 1.0)}


def test_options_answered_in_words_are_the_options(tmp_path: Path, layout: Layout) -> None:
    words = ["Yes", "no.", "The answer is Yes.", "Yes, the sky is blue"]
    task = mcq_task({"q": words}, choices=["Yes", "No"], targets={"q": "Yes"}, solver=generate(), scorer=match("begin"))
    samples, _ = imported(layout, run_inspect(tmp_path, task))
    # The last one is known by its scorer: right, so the target was chosen.
    assert [row["choice_index"] for row in samples] == [0, 1, 0, 0]
    assert [row["status"] for row in samples] == ["ok"] * 4


def test_a_scorer_that_contradicts_the_option_is_told(tmp_path: Path, layout: Layout) -> None:
    texts = ["ANSWER: A", "ANSWER: B", "ANSWER: A", "the first one", "dunno"]
    task = mcq_task({"q": texts}, scorer=gives(["C", "C", "I", "C", "I"], [accuracy()]))
    samples, report = imported(layout, run_inspect(tmp_path, task))
    told = [(row["choice_index"], row["score"]) for row in samples]
    assert told == [(0, 1.0), (1, 1.0), (0, 0.0), (None, 1.0), (None, 0.0)]
    assert "3 samples are judged by scorer 'judge' otherwise than by the option" in report.message


def test_a_nan_of_an_item_with_options_is_named(tmp_path: Path, layout: Layout) -> None:
    task = mcq_task({"q": ["ANSWER: A", "ANSWER: B"]}, scorer=gives([math.nan, 1.0]))
    _, report = imported(layout, run_inspect(tmp_path, task))
    assert "1 scores are NaN or empty; their options judge these samples" in report.message
    assert not report.has_warning


def test_several_submitted_options_are_wrong_and_counted_apart(tmp_path: Path, layout: Layout) -> None:
    solve = multiple_choice(multiple_correct=True)
    log = run_inspect(tmp_path, mcq_task({"q": ["ANSWER: A,C", "ANSWER: A", "dunno"]}, solver=solve, scorer=choice()))
    samples, report = imported(layout, log)
    told = [(row["choice_index"], row["status"], row["error"], row["score"]) for row in samples]
    assert told[:2] == [(None, "format_failure", "several options", 0.0), (0, "ok", None, 1.0)]
    assert told[2][:3] == (None, "format_failure", None)
    assert "2 without a readable answer (1 several options)" in report.message


def test_reasoning_written_into_the_completion_is_no_answer(tmp_path: Path, layout: Layout) -> None:
    texts = ["<think>ANSWER: B?</think>\nANSWER: A", "Is it B?\n</think>ANSWER: A", "<think>ANSWER: A. But"]
    samples, report = imported(layout, run_inspect(tmp_path, mcq_task({"q": texts})))
    assert [row["choice_index"] for row in samples] == [0, 0, None]
    assert [row["completion"] for row in samples] == ["ANSWER: A", "ANSWER: A", ""]
    assert [row["reasoning"] for row in samples] == ["ANSWER: B?", "Is it B?", "ANSWER: A. But"]
    assert (samples[2]["status"], samples[2]["error"], samples[2]["score"]) == (
        "format_failure",
        "cut off while reasoning",
        0.0,
    )
    assert "1 without a readable answer (1 cut off while reasoning)" in report.message


@pytest.mark.parametrize("choices", [["Yes", "No"], None])
def test_items_without_ids_are_known_by_their_question(
    tmp_path: Path, layout: Layout, choices: list[str] | None
) -> None:
    """All four have one answer key, so that nothing but the question tells them apart."""
    for seed in (1, 2, 3):
        questions = [Sample(input=f"Q{n}", choices=choices, target="Yes") for n in range(4)]
        task = Task(dataset=MemoryDataset(questions), solver=generate(), scorer=match(), name="shuffled")
        model = get_model("mockllm/m", custom_outputs=lambda messages, *_: output(messages[-1].text), memoize=False)
        run(
            task,
            model=model,
            sample_shuffle=seed,
            log_dir=str(tmp_path),
            display="none",
            log_level="error",
            log_realtime=False,
        )
    samples, report = imported(layout, *sorted(tmp_path.glob("*.eval")))
    asked: dict[str, set[str]] = {}
    for row in samples:
        asked.setdefault(row["item_id"], set()).add(row["completion"])
    assert sorted(map(sorted, asked.values())) == [["Q0"], ["Q1"], ["Q2"], ["Q3"]]
    assert len({row["condition_id"] for row in samples}) == 1
    assert "positions in a shuffled order" in report.message
