"""Logs written by Inspect itself in the test, read here and cross-checked with inspect-ai's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, multiple_choice, solver, system_message

from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import files, rows
from tests.ingestion.inspect_runs import CHOICES, mcq_task, output, run_inspect
from warehouse.layout import Layout

ODD_ID = "a/b ünïcode_epoch_2"
USAGE = ModelUsage(
    input_tokens=11,
    output_tokens=40,
    total_tokens=71,
    input_tokens_cache_read=15,
    input_tokens_cache_write=5,
    reasoning_tokens=33,
    total_cost=0.25,
)


def _answers() -> dict[str | int, list[Any]]:
    return {
        ODD_ID: ["ANSWER: A", output("ANSWER: B", reasoning="hmm …", usage=USAGE), "ANSWER: Z"],
        7: ["no idea", RuntimeError("provider is down"), output("", stop_reason="content_filter")],
    }


@pytest.fixture(scope="module", params=["eval", "json"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    task = mcq_task(
        _answers(),
        targets={7: "B"},
        metadata={"subject": "optics", "difficulty": 0.5, "split": "test"},
        config=GenerateConfig(temperature=0.5),
    )
    return run_inspect(
        tmp_path_factory.mktemp("logs"),
        task,
        log_format=request.param,
        fail_on_error=False,
        reasoning_effort="high",
        seed=3,
    )


def test_samples_are_what_inspect_s_own_reader_says(log: Path, layout: Layout) -> None:
    import_paths([log], layout)
    samples = {sample["source_ref"]: sample for sample in rows(layout, "samples")}
    theirs = read_eval_log(str(log)).samples
    assert theirs is not None
    assert len(samples) == len(theirs) == 6
    for their in theirs:
        ours = samples[str(their.uuid)]
        assert (ours["item_id"], ours["epoch"]) == (str(their.id), their.epoch)
        assert ours["completion"] == their.output.completion
        assert ours["finish_reason"] == (their.output.choices[0].stop_reason if their.output.choices else None)
        assert ours["latency_s"] == their.total_time
        assert ours["created_at"].isoformat() == str(their.completed_at)
        if their.output.usage:
            assert ours["output_tokens"] == their.output.usage.output_tokens
            assert ours["reasoning_tokens"] == their.output.usage.reasoning_tokens
        else:
            assert ours["output_tokens"] is None


def test_answers_statuses_and_measures(log: Path, layout: Layout) -> None:
    import_paths([log], layout)
    found = {(sample["item_id"], sample["epoch"]): sample for sample in rows(layout, "samples")}
    assert {key: (sample["status"], sample["choice_index"]) for key, sample in found.items()} == {
        (ODD_ID, 1): ("ok", 0),
        (ODD_ID, 2): ("ok", 1),
        (ODD_ID, 3): ("format_failure", None),
        ("7", 1): ("format_failure", None),
        ("7", 2): ("error", None),
        ("7", 3): ("refused", None),
    }
    reasoned = found[ODD_ID, 2]
    assert reasoned["reasoning"] == "hmm …"
    assert (reasoned["input_tokens"], reasoned["reasoning_tokens"], reasoned["cost_usd"]) == (31, 33, 0.25)
    assert (reasoned["score"], found[ODD_ID, 1]["score"]) == (0.0, 1.0)
    assert {sample["n_actions"] for sample in found.values()} == {None}
    assert "provider is down" in found["7", 2]["error"]
    assert {(sample["temperature"], sample["seed"]) for sample in found.values()} == {(0.5, 3)}


def test_items_conditions_models_and_the_import_itself(log: Path, layout: Layout) -> None:
    import_paths([log], layout)
    items = {item["item_id"]: item for item in rows(layout, "items")}
    assert set(items) == {ODD_ID, "7"}
    assert items["7"]["question"] == "Which colour is 7?"
    assert items["7"]["choices"] == CHOICES
    assert (items["7"]["target_index"], items["7"]["target_text"], items["7"]["n_choices"]) == (1, "green", 4)
    assert (items["7"]["subject"], items["7"]["subset"], items["7"]["human_difficulty"]) == ("optics", "test", None)
    (condition,) = rows(layout, "conditions")
    assert condition["condition_label"] == "choice · effort high · T 0.5"
    assert (condition["prompt_format"], condition["reasoning_budget"], condition["temperature"]) == (
        "choice",
        "high",
        0.5,
    )
    assert "seed" not in condition["settings"]
    (model,) = rows(layout, "models")
    assert (model["model_id"], model["provider"], model["is_simulated"]) == ("mockllm/mock-large", "mockllm", True)
    (known,) = rows(layout, "imports")
    assert (known["n_samples"], known["n_quarantined"], known["run_status"]) == (6, 0, "success")
    assert known["tool_version"].startswith("0.3.")
    assert {sample["served_model"] for sample in rows(layout, "samples")} >= {"mock-2026-01-01"}


def test_importing_twice_changes_nothing(log: Path, layout: Layout) -> None:
    first = import_paths([log], layout)
    before = files(layout)
    second = import_paths([log.parent, log], layout)
    assert [report.outcome for report in first.reports] == ["imported"]
    assert [report.outcome for report in second.reports] == ["unchanged"]
    assert files(layout) == before


@solver
def ask_for_probabilities() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.user_prompt.text += "\nReply with <PROB>p_A, p_B, p_C, p_D</PROB>"
        return await generate(state)

    return solve


@scorer(metrics=[mean()])
def everything() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value={"main": float("nan"), "other": float("inf")}, answer="x", metadata={"worst": float("-inf")})

    return score


def test_probabilities_as_stated_with_scores_that_are_no_json(tmp_path: Path, layout: Layout) -> None:
    answers = {"q": ["<PROB>0.1, 0.2, 0.3, 0.4</PROB>", "<PROB>2, 0, 0, 0</PROB>", "<PROB>50%, 50%, 0, 0</PROB>"]}
    log = run_inspect(
        tmp_path,
        mcq_task(answers, solver=[system_message("Be calibrated."), ask_for_probabilities()], scorer=everything()),
    )
    summary = import_paths([log], layout)
    assert summary.n_quarantined == 0
    samples = sorted(rows(layout, "samples"), key=lambda sample: sample["epoch"])
    assert [sample["class_probs"] for sample in samples] == [[0.1, 0.2, 0.3, 0.4], [2.0, 0.0, 0.0, 0.0], None]
    assert [sample["status"] for sample in samples] == ["ok", "ok", "format_failure"]
    assert {sample["choice_index"] for sample in samples} == {None}
    assert {sample["score"] for sample in samples} == {None}
    assert rows(layout, "conditions")[0]["prompt_format"] == "probability"


def test_probabilities_that_nobody_asked_for_leave_the_log_as_it_is(tmp_path: Path, layout: Layout) -> None:
    answers = {"q": ["ANSWER: A", "<PROB>0.1, 0.2, 0.3, 0.4</PROB>\nANSWER: B", "ANSWER: C"]}
    import_paths([run_inspect(tmp_path, mcq_task(answers))], layout)
    samples = sorted(rows(layout, "samples"), key=lambda sample: sample["epoch"])
    assert [sample["choice_index"] for sample in samples] == [0, 1, 2]
    assert rows(layout, "conditions")[0]["prompt_format"] == "choice"


def test_several_completions_of_one_call_are_several_epochs(tmp_path: Path, layout: Layout) -> None:
    def answer(*_: object) -> ModelOutput:
        given = output("ANSWER: A")
        given.choices += [
            ChatCompletionChoice(message=output(text).choices[0].message) for text in ("ANSWER: B", "unsure")
        ]
        return given

    task, _ = mcq_task({"q": ["", ""]})
    import_paths([run_inspect(tmp_path, (task, answer), num_choices=3)], layout)
    samples = sorted(rows(layout, "samples"), key=lambda sample: sample["epoch"])
    assert [sample["epoch"] for sample in samples] == [1, 2, 3, 4, 5, 6]
    assert [sample["choice_index"] for sample in samples] == [0, 1, None] * 2
    assert [sample["score"] for sample in samples] == [1.0, None, None] * 2
    assert len({sample["sample_id"] for sample in samples}) == 6


def test_shuffled_options_are_mapped_back_to_the_item_s(tmp_path: Path, layout: Layout) -> None:
    answers = {item: ["ANSWER: B", "ANSWER: C", "no letter"] for item in ("p", "q", "r", "s")}
    log = run_inspect(tmp_path, mcq_task(answers, solver=multiple_choice(shuffle=True)))
    import_paths([log], layout)
    theirs = {str(sample.uuid): sample for sample in read_eval_log(str(log)).samples or []}
    for sample in rows(layout, "samples"):
        scored = (theirs[sample["source_ref"]].scores or {})["choice"].answer
        assert sample["answer"] == (scored or None)
        assert (sample["status"] == "format_failure") == (sample["epoch"] == 3)


def test_open_ended_questions_and_limits(tmp_path: Path, layout: Layout) -> None:
    prompt = [ChatMessageSystem(content="Be kind."), ChatMessageUser(content="Why is the sky blue?")]
    task = Task(
        name="open",
        dataset=MemoryDataset([Sample(id="sky", input=prompt, target=["scattering", "Rayleigh"])]),
        solver=talk(),
        scorer=is_about(),
        message_limit=5,
    )
    import_paths([run_inspect(tmp_path, (task, {"sky": ["Scattering."]}))], layout)
    (sample,) = rows(layout, "samples")
    (item,) = rows(layout, "items")
    (condition,) = rows(layout, "conditions")
    assert condition["prompt_format"] == "open_ended"
    assert '"message_limit":5' in condition["settings"]
    assert (item["question"], item["choices"], item["target_index"]) == ("Why is the sky blue?", None, None)
    assert item["target_text"] == "scattering, Rayleigh"
    assert sample["status"] == "limit"
    assert "Message limit" in sample["error"] or "message" in sample["error"].lower()
    assert sample["n_actions"] == 2
    assert sample["output_tokens"] == 10  # two calls of 5 tokens each


@solver
def talk() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        while True:
            state = await generate(state)
            state.messages.append(ChatMessageUser(content="And why is that?"))

    return solve


@scorer(metrics=[mean()])
def is_about() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0.75, answer="scattering")

    return score
