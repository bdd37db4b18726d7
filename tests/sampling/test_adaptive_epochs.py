"""Epochs that follow an interval: whole ones, until it is narrow, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from ingestion.sampling import (
    ExperimentSpec,
    PartitionKey,
    SpecError,
    experiment_notices,
    load_spec,
    plan,
    sample,
    sample_partitions,
)
from ingestion.sampling.plans.partitions import partitions
from ingestion.sampling.spec.epochs import EpochsUntil
from ingestion.sampling.stopping.answers import Answers, read_answers
from ingestion.sampling.stopping.interval import Interval, pool_interval, settings
from ingestion.sampling.stopping.rule import State, judge, known_beforehand, schedule, told
from ingestion.sampling.stopping.spending import levels, p_value
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import PROJECT_ROOT, Layout

N_ITEMS = 40
EVENLY, MOODY = "good", "moody"
"""Models: answers every item by chance; answers every other item always alike."""


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same request gets the same answer, however often it is asked; and a model whose items differ."""
    complete = Server.complete

    def steady(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
        server.completions.clear()
        asked = dict(body)
        if MOODY in body["model"] and int(_number(body)) % 2:
            asked["seed"] = 0
        return complete(server, path, asked)

    monkeypatch.setattr(Server, "complete", steady)
    yield


def _number(body: dict[str, Any]) -> str:
    return json.dumps(body["messages"]).partition("What is ")[2].partition(" ")[0]


def adaptive(
    make_spec: MakeSpec, folder: Path, wanted: float | str, least: int = 4, to: int = 8, **changes: Any
) -> Any:
    path = folder / "forty.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {"id": f"q{n}", "question": f"What is {n} + {n}?", "choices": list("wxyz"), "target": "A"},
            )
            + "\n"
            for n in range(N_ITEMS)
        )
    )
    task = {"kind": "own", "name": "sums", "path": str(path)}
    return make_spec(
        tasks=[task],
        epochs={"from": least, "to": to, "until": wanted if isinstance(wanted, str) else {"width": wanted}},
        **changes,
    )


def models(*names: str) -> list[dict[str, Any]]:
    return [{"id": name, "provider": "here", "price": {"input": 1.0, "output": 2.0}} for name in names]


def epochs(layout: Layout) -> dict[str, int]:
    """Epochs by model; each is whole."""
    found = rows(layout, "select model_id, count(*), max(epoch) from raw.samples group by all order by all")
    assert all(n == N_ITEMS * last for _, n, last in found)
    return {model: last for model, _, last in found}


def test_each_pool_gets_what_it_needs(server: Server, layout: Layout, make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = adaptive(make_spec, tmp_path, 0.17, models=models(EVENLY, MOODY))
    summary = sample(spec, layout)
    assert (summary.n_missing, summary.stopped) == (0, None)
    assert epochs(layout) == {EVENLY: 4, MOODY: 8}
    n_requests = server.n_requests
    assert n_requests == summary.n_drawn == 12 * N_ITEMS
    told_of = {part.key.model_id: part.looked_at or "" for part in summary.partitions}
    assert told_of[EVENLY].startswith("4 epochs, interval") and told_of[EVENLY].endswith("wide: enough")
    assert "no more are allowed (to: 8)" in told_of[MOODY]
    assert sample(spec, layout).n_drawn == 0 and server.n_requests == n_requests
    # What was decided is told, and asks for nothing more.
    assert [line.partition(": ")[2] for line in experiment_notices(layout)] == list(told_of.values())
    assert plan(spec, layout).n_missing == 0
    # A number asks for what is missing alone.
    assert sample(adaptive(make_spec, tmp_path, 0.17, models=models(EVENLY)), layout).n_drawn == 0
    assert sample(make_spec(tasks=spec.model_dump(mode="json")["tasks"], epochs=5), layout).n_drawn == N_ITEMS


def test_a_pool_that_cannot_get_there_is_given_up(layout: Layout, make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = adaptive(make_spec, tmp_path, 0.03, models=models(MOODY), least=4, to=30)
    before = plan(spec, layout)
    assert "40 items are too few for an interval 0.03 wide" in "\n".join(before.lines())
    assert "intervals decide after 160 calls" in "\n".join(before.lines())
    assert "4 to 30" in "\n".join(before.lines()) and before.n_missing == 30 * N_ITEMS
    summary = sample(spec, layout)
    assert epochs(layout) == {MOODY: 4} and summary.n_missing == 0
    assert "items alone leave" in (summary.partitions[0].looked_at or "")


def test_a_killed_run_comes_to_the_same_samples(make_spec: MakeSpec, tmp_path: Path, server: Server) -> None:
    spec = adaptive(make_spec, tmp_path, 0.1, provider={"concurrency": 16})
    whole, killed = Layout(tmp_path / "whole"), Layout(tmp_path / "killed")
    sample(spec, whole)
    n_whole = server.n_requests
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True)))
    command = [sys.executable, "-m", "tests.sampling.killing", str(path), str(killed.root)]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert run.stdin and run.stdout
    for n_more in (100, 120):  # in the first round, in a later one
        run.stdin.write("go\n")
        run.stdin.flush()
        while not (line := run.stdout.readline().strip()).isdigit():
            assert line == "ready"
        limit = server.n_requests + n_more
        while server.n_requests < limit:
            assert run.poll() is None
            time.sleep(0.001)
        os.kill(int(line), signal.SIGKILL)
        assert int(run.stdout.readline()) == signal.SIGKILL
    run.kill()
    run.wait()
    assert sample(load_spec(path), killed).n_missing == 0
    keys = "select model_id, item_id, epoch, choice_index from raw.samples order by all"
    assert rows(killed, keys) == rows(whole, keys)
    assert server.n_requests - n_whole <= n_whole + 2 * 16  # but for what was in flight, nothing twice


def test_a_budget_stops_between_looks_and_the_next_run_goes_on(
    layout: Layout, make_spec: MakeSpec, tmp_path: Path
) -> None:
    spec = adaptive(make_spec, tmp_path, 0.1, budget_usd=0.014)
    summary = sample(spec, layout)
    assert summary.stopped is not None and "raise budget_usd" in summary.stopped
    assert 4 * N_ITEMS < summary.n_drawn < 8 * N_ITEMS and summary.n_missing > 0
    assert summary.cost_usd <= 0.014
    assert sample(adaptive(make_spec, tmp_path, 0.1), layout).n_missing == 0
    assert 4 < epochs(layout)[EVENLY] <= 8


def test_batches_are_submitted_from_look_to_look(
    server: Server, layout: Layout, make_spec: MakeSpec, tmp_path: Path
) -> None:
    batch = {"provider": {"batch": True}, "limits": {"batch_poll_s": 0.01}}
    summary = sample(adaptive(make_spec, tmp_path, 0.12, **batch), layout)
    looks = [n for n in schedule(4, 8) if n <= epochs(layout)[EVENLY]]
    assert summary.n_missing == 0 and server.batches.n_submitted == len(looks) > 1


def test_partitions_of_the_ui_do_the_same(layout: Layout, make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = adaptive(make_spec, tmp_path, 0.17)
    layout.experiments.mkdir(parents=True)
    saved = spec.model_dump(mode="json", exclude_none=True)
    (layout.experiments / "spec.yaml").write_text(yaml.safe_dump(saved))
    keys = [PartitionKey(*part.key) for part in plan(spec, layout).partitions]
    drawn = sample_partitions(layout, "openai", keys)
    assert (drawn.problems, drawn.n_drawn) == ([], 4 * N_ITEMS)
    assert epochs(layout) == {EVENLY: 4}


def test_what_has_no_verdict_of_its_own_is_refused(make_spec: MakeSpec, tmp_path: Path) -> None:
    with pytest.raises(
        SpecError, match=r"conditions.0.epochs: until needs answers that are right or wrong as they come"
    ):
        adaptive(make_spec, tmp_path, 0.1, condition={"prompt_format": "open_ended"})
    with pytest.raises(SpecError, match=r"conditions.0.epochs: from 2 makes 2 samples per item"):
        adaptive(make_spec, tmp_path, 0.1, least=2)
    with pytest.raises(SpecError, match="epochs: to is 4, and from is 4; raise to, or write epochs as a number"):
        adaptive(make_spec, tmp_path, 0.1, to=4)
    with pytest.raises(SpecError, match=r'epochs.until: is "verdct"; write {width: 0.1}, or verdict'):
        adaptive(make_spec, tmp_path, "verdct")
    spec: ExperimentSpec = adaptive(make_spec, tmp_path, 0.1)
    assert spec.model_dump(mode="json")["epochs"] == {"from": 4, "to": 8, "until": {"width": 0.1}}


def test_answers_are_read_as_the_warehouse_reads_them(layout: Layout, make_spec: MakeSpec) -> None:
    target = np.eye(4)[0]
    expected = {"blank": np.full(4, 0.25) - target, "refusal": None}
    for model, miss in expected.items():
        spec = make_spec(model)
        sample(spec, layout)
        (partition,) = partitions(spec, layout)
        found = read_answers(partition, layout)
        assert (found.misses == (np.empty((0, 4)) if miss is None else np.tile(miss, (30, 1)))).all(), model
    spec = make_spec(condition={"prompt_format": ["choice", "probability"]})
    sample(spec, layout)
    of_letters, of_numbers = (read_answers(part, layout) for part in partitions(spec, layout))
    assert sorted(map(tuple, np.unique(of_letters.misses, axis=0))) == sorted(map(tuple, np.eye(4) - target))
    assert np.allclose(np.sort(of_numbers.misses + target), [0.1, 0.1, 0.1, 0.7])
    items, contexts, misses = of_letters.up_to(2)
    assert np.bincount(items).tolist() == [2] * 10 and not contexts.any() and len(misses) == 20


def test_items_that_belong_together_count_as_the_warehouse_counts_them(
    layout: Layout, make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "families.jsonl"
    question = {"question": "?", "choices": list("wxyz"), "target": "A"}
    subjects = ["a", None, "a", "q1", "b"]
    path.write_text(
        "".join(json.dumps(question | {"id": f"q{n}", "subject": s}) + "\n" for n, s in enumerate(subjects))
    )
    (partition,) = partitions(make_spec(tasks=[{"kind": "own", "name": "sums", "path": str(path)}]), layout)
    assert settings()["cluster"] == "none" and read_answers(partition, layout).clusters.tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setitem(settings(), "cluster", "subject")
    assert read_answers(partition, layout).clusters.tolist() == [0, 1, 0, 2, 3]

    rng = np.random.default_rng(1)
    misses = np.eye(4)[rng.integers(0, 4, size=40)] - np.eye(4)[0]
    samples = np.arange(40) % 10, np.zeros(40, dtype=np.int64)
    found = Answers(*samples, np.arange(40) // 10, misses, np.arange(10) // 2).interval(3)
    assert found == pool_interval(*(array[:40] for array in samples), misses, np.arange(10) // 2)
    assert found.n_items == 10 and found.n_clusters == 5


def test_the_rule() -> None:
    assert schedule(5, 30) == (5, 6, 8, 10, 12, 15, 19, 24, 30)
    assert schedule(1, 3) == (1, 2, 3)
    known = {"n_items": 100, "ratio": 0.5, "note": None, "wrong_items": 30.0, "t_975": 2.0}
    narrow = Interval(low=0.46, high=0.54, unit_sq=4e-4, noise_sq=2e-4, items_sq_low=1e-4, **known)  # type: ignore[arg-type]
    assert narrow.width_at(1) == pytest.approx(0.08, abs=1e-3)
    assert narrow.width_at(float("inf")) == pytest.approx(0.08 / 2**0.5, rel=1e-2)
    assert judge(narrow, 5, until(0.1)).state is State.REACHED
    assert judge(narrow, 5, until(0.06)).state is State.GO_ON
    assert judge(narrow, 30, until(0.06)).state is State.AT_MOST
    lost = judge(narrow, 5, until(0.03))
    assert lost.state is State.OUT_OF_REACH
    assert "its 100 items alone leave 0.057 however often they are asked" in told(lost, until(0.03))
    lucky = Interval(**(vars(narrow) | {"wrong_items": 5.0}))
    assert judge(lucky, 5, until(0.1)).state is State.GO_ON
    assert known_beforehand(400, until(0.1)) is None
    assert "may be too few" in (known_beforehand(60, until(0.1)) or "")


def until(width: float) -> EpochsUntil:
    return EpochsUntil.model_validate({"from": 5, "to": 30, "until": {"width": width}})


def test_looks_at_a_verdict_spend_five_per_cent_together() -> None:
    spent = levels(schedule(5, 30))
    assert sum(spent) == pytest.approx(0.05) and spent[0] == pytest.approx(
        2 * stats.norm.sf(1.959964 * 6**0.5), rel=1e-4
    )
    statistic, freedom = np.meshgrid([0.01, 0.5, 2.0, 6.0], [1.0, 4.5, 199.0])
    assert p_value(statistic, 1 / freedom) == pytest.approx(2 * stats.t.sf(statistic, freedom), rel=1e-6)


def test_a_verdict_stops_where_it_is_clear(layout: Layout, make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = adaptive(make_spec, tmp_path, "verdict", models=models(EVENLY, MOODY))
    told_of = {part.key.model_id: part.looked_at or "" for part in sample(spec, layout).partitions}
    assert told_of[EVENLY].endswith("cannot tell which half it is in: no more are allowed (to: 8)")  # it is a half
    assert told_of[MOODY].endswith("less than half of the error is variance")
    assert epochs(layout) == {EVENLY: 8, MOODY: 4}
