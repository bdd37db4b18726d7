"""What scorers leave in Inspect logs: several of them, unit tests in many places, options shuffled with num_choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatCompletionChoice, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, choice, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, multiple_choice, solver

from ingestion.logs.importer import import_paths
from ingestion.logs.inspect.shuffle import shuffled_order
from ingestion.logs.inspect.types import Score as ScoreStruct
from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, output, run_inspect
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from warehouse.layout import Layout


@scorer(metrics=[mean()])
def half() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0.5)

    return score


def test_one_of_several_scorers_is_read_and_another_can_be_asked_for(tmp_path: Path, layout: Layout) -> None:
    log = run_inspect(tmp_path, mcq_task({"q": ["ANSWER: A", "ANSWER: B"]}, scorer=[choice(), half()]))

    def scores() -> list[float]:
        return sorted(sample["score"] for sample in rows(layout, "samples"))

    (report,) = import_paths([log], layout).reports
    assert scores() == [0.0, 1.0]
    assert "scores are those of scorer 'choice'; there are half too: --scorer NAME reads another" in report.message
    (report,) = import_paths([log], layout, scorer="half").reports
    assert (report.outcome, scores()) == ("imported", [0.5, 0.5])
    assert "--scorer" not in report.message
    assert [row["choice_index"] for row in rows(layout, "samples")] == [0, 1]  # an answer is no matter of the scorer
    assert import_paths([log], layout).count("unchanged") == 1  # without a wish, the one that was chosen stays
    assert import_paths([log], layout, scorer="choice").count("imported") == 1
    assert scores() == [0.0, 1.0]
    (report,) = import_paths([log], layout, scorer="nobody").reports
    assert report.outcome == "refused"
    assert "no sample has a score by 'nobody'; there are choice, half" in report.message
    with pytest.raises(ValueError, match="go with logs of Inspect and lm-eval"):
        import_paths([log], layout, scorer="half", log_format="swe-bench")


def test_samples_of_one_log_are_never_scored_by_different_scorers(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"one": {"value": 1}, "two": {"value": 0}},
        {"two": {"value": 1}},
        {"two": {"value": 1}, "one": {"value": 0}},
    ]
    members: dict[str, object] = {"header.json": HEADER}
    for epoch, scores in enumerate(told, 1):
        members[f"samples/q_epoch_{epoch}.json"] = sample("q", epoch, output=answered("A"), scores=scores)
    import_paths([archive(tmp_path / "a.eval", members)], layout)
    assert [row["score"] for row in rows(layout, "samples")] == [1.0, None, 0.0]


REPAIRED, KEPT = "test_repaired (m.T)", "test_kept [a{b}] (m.T)"
NAMES = {"FAIL_TO_PASS": [REPAIRED], "PASS_TO_PASS": [KEPT]}


def _explained(**outcomes: object) -> dict[str, object]:
    parts = (f"{kind}:\n\n{json.dumps(tests, indent=2)}\n\n" for kind, tests in outcomes.items())
    return {"swe_bench_scorer": {"value": 0.0, "explanation": "".join(parts)}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # as inspect_evals' SWE-bench scorer explains itself, with words and with truth values
        ({"scores": _explained(PASS_TO_PASS={KEPT: "SKIPPED"}, FAIL_TO_PASS={REPAIRED: "PASSED"})}, (True, False)),
        ({"scores": _explained(PASS_TO_PASS={KEPT: True}, FAIL_TO_PASS={REPAIRED: False})}, (False, True)),
        # stopped by a limit and never tested: unchanged, by the names that the dataset gives
        ({"limit": {"type": "message"}, "metadata": NAMES}, (False, True)),
        (
            {"limit": {"type": "token"}, "metadata": {kind: json.dumps(names) for kind, names in NAMES.items()}},
            (False, True),
        ),
        # not tested and not stopped, or explained in other words: nothing is known
        ({"metadata": NAMES}, None),
        ({"scores": {"s": {"value": 0, "explanation": "\n\nPASS_TO_PASS:\n\n{broken"}}}, None),
    ],
)
def test_unit_tests_of_swe_bench(
    tmp_path: Path, layout: Layout, fields: dict[str, Any], expected: tuple[bool, bool] | None
) -> None:
    members = {"header.json": HEADER, "samples/q_epoch_1.json": sample(choices=None, **fields)}
    import_paths([archive(tmp_path / "a.eval", members)], layout)
    found = {row["test_name"]: (row["kind"], row["passed"]) for row in rows(layout, "test_outcomes")}
    if expected is None:
        assert found == {}
    else:
        assert found == {REPAIRED: ("fail_to_pass", expected[0]), KEPT: ("pass_to_pass", expected[1])}


@solver
def remember_order(orders: dict[tuple[str | int, int], list[int]]) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        orders[state.sample_id, state.epoch] = [choice.original_position for choice in state.choices]
        return state

    return solve


def test_every_completion_of_a_shuffled_prompt_is_mapped_back(tmp_path: Path, layout: Layout) -> None:
    orders: dict[tuple[str | int, int], list[int]] = {}
    letters = ["B", "A", "D"]

    def answer(*_: object) -> ModelOutput:
        given = output(f"ANSWER: {letters[0]}")
        given.choices += [
            ChatCompletionChoice(message=output(f"ANSWER: {letter}").choices[0].message) for letter in letters[1:]
        ]
        return given

    task, _ = mcq_task(
        {f"q{n}": ["", ""] for n in range(4)},
        solver=[multiple_choice(shuffle=True), remember_order(orders)],
    )
    log = run_inspect(tmp_path, (task, answer), num_choices=3)
    summary = import_paths([log], layout)
    assert (summary.n_samples, summary.n_quarantined) == (24, 0)
    assert any(order != [0, 1, 2, 3] for order in orders.values())
    assert len(read_eval_log(str(log)).samples or []) == 8
    for row in rows(layout, "samples"):
        call, completion = divmod(row["epoch"] - 1, 3)
        order = orders[row["item_id"], call + 1]
        assert row["choice_index"] == order["ABCD".index(letters[completion])]
        assert row["answer"] == "ABCD"[row["choice_index"]]


def test_an_order_is_told_only_where_it_is_certain() -> None:
    def told(*listed: str) -> dict[str, ScoreStruct]:
        lines = "\n".join(f"{letter}) {text}" for letter, text in zip("ABCD", listed, strict=False))
        text = f"Choices were shuffled before generating a response, the following was sent to the model:\n\n{lines}\n"
        return {"choice": ScoreStruct(explanation=f"{text}Shuffled answer:\nANSWER: A")}

    assert shuffled_order(told("y", "x\nB) y", "z"), ["x\nB) y", "y", "z"]) == [1, 0, 2]
    assert shuffled_order(told("y", "y", "z"), ["y", "z", "y"]) is None  # equal options: which one was A?
    assert shuffled_order(told("y", "x"), ["x", "w"]) is None
    assert shuffled_order({}, ["x", "y"]) is None
