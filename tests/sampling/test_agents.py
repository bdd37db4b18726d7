"""Tasks of Inspect, agents with tools among them, as partitions: extended, killed, gone on with, never run twice."""

from __future__ import annotations

import subprocess
import sysconfig
import venv
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import import_paths
from ingestion.sampling import SpecError, TaskError, load_spec, parse_spec, partition_keys, plan, sample
from ingestion.sampling.agents.process import PYTHON
from ingestion.sampling.agents.rounds import Round, next_round, rounds
from ingestion.sampling.experiments import unfinished_rounds
from tests.ingestion.inspect_runs import mcq_task, run_inspect
from tests.sampling.agents import imported, in_logs, interrupt_at, ledger, sample_until, write_agent
from warehouse.layout import Layout
from warehouse.raw import connect_raw


def test_a_killed_agent_goes_on_and_more_epochs_are_only_the_new_ones(tmp_path: Path) -> None:
    spec, layout = write_agent(tmp_path, n_items=3, n_epochs=3), Layout(tmp_path / "warehouse")
    assert sample_until(spec, layout, n_scored=4)
    ended = in_logs(layout)
    n_scored = len(ledger(tmp_path))
    summary = sample(load_spec(spec), layout)
    assert summary.n_missing == 0
    again = {(item, epoch) for item, epoch, _ in ledger(tmp_path)[n_scored:]}
    assert not ended & again, "what had ended was run again"
    items = [f"item [{n}]" for n in range(3)]
    assert imported(layout) == Counter({(item, epoch): 1 for item in items for epoch in (1, 2, 3)})

    n_scored = len(ledger(tmp_path))
    longer = load_spec(write_agent(tmp_path, n_items=3, n_epochs=4))
    summary = sample(longer, layout)
    assert (summary.n_drawn, summary.n_missing, summary.n_by_status()) == (3, 0, {"ok": 12})
    assert {key[:2] for key in ledger(tmp_path)[n_scored:]} == {(item, 1) for item in items}, (
        "to Inspect it is the first"
    )
    assert len(ledger(tmp_path)) == n_scored + 3
    assert imported(layout) == Counter({(item, epoch): 1 for item in items for epoch in (1, 2, 3, 4)})
    with connect_raw(layout) as con:
        facts = con.execute(
            "select distinct task, model_id, score, n_actions, output_tokens, cost_usd, run_status from raw.samples"
        ).fetchall()
        families = con.execute("select model_family from raw.models where source = 'sampler'").fetchall()
    assert facts == [("products", "mockllm/model", 1.0, 2, 10, 0.0, "success")]
    assert families == [("mock",)]


def own_python(folder: Path) -> Path:
    """An environment of its own that has Inspect, and not this project."""
    venv.create(folder, symlinks=True, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "inspect.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # of which no .pth file is read
    python = folder / "bin" / "python"
    has_project = subprocess.run([python, "-c", "import ingestion"], cwd=folder, capture_output=True, text=True)
    assert "No module named 'ingestion'" in has_project.stderr
    return python


def test_interrupted_in_another_environment_then_planned_smaller_and_out_of_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "my 100 %20 folder"
    place.mkdir()
    monkeypatch.setenv(PYTHON, str(own_python(tmp_path / "its own")))
    layout = Layout(place / "ware house %41")
    # Two calls of 15 tokens cost 0.30 dollars.
    model = {"id": "mockllm/model", "provider": "inspect", "price": {"input": 1e4, "output": 1e4}}
    spec = write_agent(place, n_items=3, n_epochs=5, models=[model], task={"cost_limit": 0.5})
    # Four run at once, and each is scored before it ends: of six that were scored, two had made room for others.
    status, said = interrupt_at(spec, layout, n_scored=6)
    assert status != 0 and "interrupted; waiting for what is being written" in said, said
    ended = in_logs(layout)
    assert 2 <= len(ended) < 10
    scored = {(item, epoch) for item, epoch, _ in ledger(place)}
    assert ended <= scored and len(scored - ended) <= 4, "more is lost than was in flight"
    (notice,) = unfinished_rounds(layout)
    assert "did not end" in notice and f"{15 - len(ended)} of 15 samples are missing" in notice

    n_scored = len(ledger(place))
    smaller = {"cost_limit": 0.5, "n_items": 2}
    (one,) = (one for folder in layout.inspect_logs.glob("*/*/*") for one in rounds(folder))
    spent = sum(sample.cost_usd or 0.0 for sample in one.ran().values())  # those that were interrupted cost as well
    assert spent >= 0.3 * len(ended) - 1e-9
    budget = spent + 0.5 + 0.1  # room for one at its limit, and then for none
    write_agent(place, n_items=3, n_epochs=5, models=[model], task=smaller, budget_usd=budget)
    summary = sample(load_spec(spec), layout)
    assert summary.n_drawn == 1
    assert summary.cost_usd == pytest.approx(0.3)
    assert summary.stopped is not None and "raise budget_usd, or lower cost_limit" in summary.stopped
    assert len(ledger(place)) == n_scored + 1, "nothing that had ended was run again"
    there = imported(layout)
    (new,) = set(there) - ended
    assert set(there) > ended and set(there.values()) == {1}
    pairs = [{(f"item [{n}]", epoch) for n in pair for epoch in range(1, 6)} for pair in combinations(range(3), 2)]
    assert any(new in planned and summary.n_missing == len(planned - ended) - 1 for planned in pairs)


def test_a_task_that_inspect_cannot_load_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = load_spec(write_agent(tmp_path, n_items=3, n_epochs=3))
    monkeypatch.setenv(PYTHON, "no-such-python")
    with pytest.raises(TaskError, match=r"no-such-python cannot be started .*INSPECT_PYTHON"):
        plan(spec, Layout(tmp_path / "warehouse"))


GOOD: dict[str, Any] = {
    "name": "trial",
    "tasks": [{"kind": "inspect", "task": "inspect_evals/swe_bench"}],
    "models": [{"id": "openai/gpt-5.4", "provider": "inspect"}],
    "conditions": [{}],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"models": [{"id": "m", "provider": "openai"}]},
            "tasks.0: 'inspect_evals/swe_bench' has no model to be asked",
        ),
        ({"tasks": [{"kind": "own", "path": "q.jsonl"}]}, "tasks.0: 'own' has no model to be asked of"),
        ({"budget_usd": 5}, "tasks.0.cost_limit: is missing; with a budget_usd, say what a sample may cost at most"),
        (
            {"tasks": [{**GOOD["tasks"][0], "args": {"api_key": "x"}}]},
            "tasks.0.args: 'api_key' looks like a secret, and arguments are written into logs",
        ),
        (
            {"providers": {"p": {"kind": "inspect", "batch": True}}},
            "Inspect takes keys and addresses from the environment",
        ),
        ({"models": [{**GOOD["models"][0], "served_as": "x"}]}, "models.0.served_as: is 'x'; drop it"),
    ],
)
def test_what_does_not_go_with_inspect_is_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(GOOD | changes, Path("spec.yaml"))


def test_what_can_change_an_answer_makes_another_partition() -> None:
    def key(condition: dict[str, Any], **changes: Any) -> str:
        task = GOOD["tasks"][0] | changes
        (found,) = partition_keys(parse_spec(GOOD | {"tasks": [task], "conditions": [condition]}, Path("spec.yaml")))
        return found.condition_id

    plain = key({})
    assert key({"prompt_format": ["choice", "open_ended"]}) == plain, "Inspect asks in words of its own"
    assert key({}, max_samples=3, retry_on_error=1) == plain
    others = [
        key({"temperature": 1}),
        key({}, message_limit=9),
        key({}, args={"split": "x"}),
        key({}, sandbox="docker"),
    ]
    assert len({plain, *others}) == 5


@pytest.mark.parametrize(
    ("missing", "most", "wanted"),
    [
        ("a1 b1 a2 b2", 9, ("a b", (1, 2))),
        ("a1 b1 a2 b2", 3, ("a b", (1,))),
        ("a1 b1 a2 b2", 1, ("a", (1,))),
        ("a2 b2 c1 c2", 9, ("c", (1, 2))),
        ("a2 b4 a4 b2 c3", 9, ("a b", (2, 4))),
    ],
)
def test_a_round_is_whole_epochs_of_items_that_want_the_same(
    missing: str, most: int, wanted: tuple[str, tuple[int, ...]]
) -> None:
    found = next_round([(sample[0], int(sample[1])) for sample in missing.split()], most)
    assert (" ".join(found.items), found.epochs) == wanted


def test_a_log_says_which_epochs_it_is_of(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    answers = {"q": ["ANSWER: A", "ANSWER: B"]}
    logs = [
        run_inspect(tmp_path / "first", mcq_task(answers)),
        run_inspect(tmp_path / "more", mcq_task(answers), metadata=Round(tmp_path, ("q",), (3, 7)).metadata),
        run_inspect(tmp_path / "wrong", mcq_task(answers), metadata={"incoherence_epochs": [9]}),
    ]
    summary = import_paths(logs, layout, n_workers=1)
    assert summary.n_quarantined == 1  # the second epoch of a run that tells of one
    with connect_raw(layout) as con:
        rows = con.execute("select epoch, choice_index from raw.samples order by epoch").fetchall()
    assert rows == [(1, 0), (2, 1), (3, 0), (7, 1), (9, 0)]
