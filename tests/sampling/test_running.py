"""Plans, budgets, locks, interruptions, and models in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import yaml

from ingestion.sampling import JournalError, MissingKeyError, PartitionKey, SamplingError, load_spec, plan, sample
from ingestion.sampling.drawing.run_progress import RunProgress, duration
from ingestion.sampling.journal.records import locked
from ingestion.sampling.providers.base import Request
from ingestion.sampling.providers.wire import LocalResponse
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server, running
from tests.sampling.test_sampling import rows
from warehouse.layout import PROJECT_ROOT, Layout


def test_a_plan_counts_and_prices_what_is_missing(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(condition={"prompt_format": ["choice", "open_ended"], "reasoning": "low", "max_tokens": 500})
    dry = plan(spec, layout)
    assert (dry.n_planned, dry.n_missing, server.n_requests) == (60, 60, 0)
    assert not layout.root.exists()
    first = dry.partitions[0]
    assert first.output_tokens == 30 * 500  # an effort's guess, cut at max_tokens
    assert dry.cost_usd == pytest.approx(sum(p.input_tokens + 2 * p.output_tokens for p in dry.partitions) / 1e6)
    sample(spec, layout, only=[first.key])
    after = plan(spec, layout)
    assert [(p.n_done, p.n_missing) for p in after.partitions] == [(30, 0), (0, 30)]
    (sent,) = rows(layout, "select sum(cost_usd) from raw.samples")
    assert after.spent_usd == pytest.approx(sent[0])
    table = [line.split() for line in after.lines() if line.startswith("  sums")]
    assert [(row[-6], row[-3:-1], row[-1]) for row in table] == [
        ("0", ["1,", "2"], "$0.00"),
        ("30", ["1,", "2"], f"${after.partitions[1].cost_usd:.2f}"),
    ]


def test_a_plan_says_when_it_does_not_know_a_price(layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(models=[{"id": "brand-new", "provider": "here"}])
    assert plan(spec, layout).cost_usd is None
    assert any("give the model a price" in line for line in plan(spec, layout).lines())
    assert [line.split()[-1] for line in plan(spec, layout).lines() if "brand-new" in line] == ["unknown"]
    with pytest.raises(SamplingError, match="'brand-new' has no known price, and a budget needs one"):
        sample(make_spec(models=[{"id": "brand-new", "provider": "here"}], budget_usd=1), layout)


def test_the_budget_stops_the_run_before_it_is_exceeded(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(epochs=30, budget_usd=0.005)
    summary = sample(spec, layout)
    assert summary.stopped is not None and "raise budget_usd" in summary.stopped
    assert 0 < summary.n_drawn < 300 and summary.n_missing == 300 - summary.n_drawn
    (told,) = rows(layout, "select sum(cost_usd), count(*), min(run_status), max(run_status) from raw.samples")
    assert 0.004 < told[0] <= 0.005 and told[1:] == (summary.n_drawn, "cancelled", "cancelled")
    assert sample(spec, layout).n_drawn == 0  # it holds over all runs
    rest = sample(make_spec(epochs=30, budget_usd=1), layout)
    assert (rest.n_drawn, rest.n_missing, server.n_requests) == (300 - summary.n_drawn, 0, 300)
    assert rows(layout, "select distinct run_status from raw.samples") == [("success",)]


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_sample_whose_tokens_nobody_tells_counts_as_the_most(
    layout: Layout, make_spec: MakeSpec, *, is_batch: bool
) -> None:
    limits = {"batch_poll_s": 0.01, "batch_requests": 5}
    spec = make_spec("nousage", provider={"batch": is_batch}, limits=limits, epochs=30, budget_usd=0.005)
    summary = sample(spec, layout)
    assert summary.stopped is not None and "raise budget_usd" in summary.stopped
    assert summary.cost_usd == 0 and 0 < summary.n_drawn < 30


def test_a_stopped_run_counts_what_it_did_not_begin(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(condition={"prompt_format": ["choice", "probability"]}, epochs=30, budget_usd=0.005)
    summary = sample(spec, layout)
    assert summary.n_missing == 600 - summary.n_drawn
    assert [part.n_drawn > 0 for part in summary.partitions] == [True, False]
    assert summary.stopped is not None and "raise budget_usd" in summary.stopped
    assert str(summary.partitions[1].stopped).startswith("not begun")


def test_keys_and_prices_are_looked_for_before_anybody_is_asked(
    server: Server, layout: Layout, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [{"id": "good", "provider": "here", "price": {"input": 1, "output": 1}}]
    with pytest.raises(SamplingError, match="'brand-new' has no known price"):
        sample(make_spec(models=[*models, {"id": "brand-new", "provider": "here"}], budget_usd=1), layout)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY is not set"):
        sample(make_spec(models=[*models, {"id": "claude-opus-4-5", "provider": "anthropic"}]), layout)
    assert server.n_requests == 0


def test_two_samplers_on_one_partition(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(condition={"prompt_format": ["choice", "probability"]})
    first, second = (part.key for part in plan(spec, layout).partitions)
    with (
        locked(layout.response_partition(first.columns)),
        pytest.raises(JournalError, match=r"another sampler \(process \d+\) is working on this partition"),
    ):
        sample(spec, layout, only=[first])
    assert server.n_requests == 0
    sample(spec, layout, only=[second])
    assert rows(layout, "select distinct condition_id from raw.samples") == [(second.condition_id,)]


def test_providers_are_asked_side_by_side(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    names = [f"here{n}" for n in range(6)]
    spec = make_spec(
        models=[{"id": f"model of {name}", "provider": name} for name in names],
        providers={name: {"kind": "openai_compatible", "base_url": f"{server.url}/v1"} for name in names},
    )
    assert sample(spec, layout).n_drawn == 180
    assert rows(layout, "select count(*), count(distinct model_id) from raw.samples") == [(180, 6)]
    assert rows(layout, "select count(*) from raw.conditions") == [(1,)]
    assert rows(layout, "select count(*) from raw.models") == [(6,)]


def test_an_unknown_partition_is_named(layout: Layout, make_spec: MakeSpec) -> None:
    with pytest.raises(SamplingError, match="no partition a/b/c; it has sums/good/choice-"):
        sample(make_spec(), layout, only=[PartitionKey("a", "b", "c")])


def test_an_interrupted_run_keeps_what_is_in_flight(layout: Layout, make_spec: MakeSpec, tmp_path: Path) -> None:
    with running(delay_s=0.1) as server:
        provider = {"base_url": f"{server.url}/v1", "concurrency": 4}
        path = tmp_path / "spec.yaml"
        spec = make_spec(provider=provider, epochs=100)
        path.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True)))
        run = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.cli", "sample", str(path)],
            cwd=PROJECT_ROOT,
            env=os.environ | {"WAREHOUSE_ROOT": str(layout.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while server.n_requests < 10:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        told, failed = run.communicate(timeout=30)
        assert run.returncode == 130
        assert "requests in flight, which are paid for" in told
        assert "run the same command again" in failed and "Traceback" not in failed
        n_sent = server.n_requests
        assert n_sent < 1000
        assert rows(layout, "select count(*), min(run_status) from raw.samples") == [(n_sent, "cancelled")]
        assert plan(load_spec(path), layout).n_missing == 1000 - n_sent


class Parrot:
    """Answers in this process; the answer says which seed it was given."""

    takes_seed = True
    batch_size = 7

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def complete_batch(self, requests: Sequence[Request]) -> list[str]:
        self.sizes.append(len(requests))
        return [
            msgspec.json.encode(
                LocalResponse(
                    text=f"seed {request.seed}\nANSWER: A",
                    model="parrot-1",
                    reasoning="step",
                    input_tokens=5,
                    output_tokens=9,
                    reasoning_tokens=4,
                    finish_reason="stop",
                )
            ).decode()
            for request in requests
        ]


def test_a_model_in_this_process_is_asked_in_batches(layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(models=[{"id": "parrot", "provider": "local", "param_count": 3}])
    parrot = Parrot()
    summary = sample(spec, layout, providers={"local": parrot})
    assert (summary.n_drawn, summary.cost_usd, parrot.sizes) == (30, 0.0, [7, 7, 7, 7, 2])
    told = rows(
        layout,
        "select count(*), count(distinct seed), bool_and(completion like 'seed ' || seed || '%'), min(reasoning), "
        "sum(input_tokens), sum(output_tokens), sum(reasoning_tokens), min(choice_index), min(cost_usd) "
        "from raw.samples",
    )
    assert told == [(30, 30, True, "step", 150, 270, 120, 0, 0.0)]
    assert rows(layout, "select provider, param_count from raw.models") == [("local", 3)]


def test_it_also_runs_where_an_event_loop_is_running(layout: Layout, make_spec: MakeSpec) -> None:
    import asyncio

    async def notebook() -> int:
        return sample(make_spec(), layout).n_drawn

    assert asyncio.run(notebook()) == 30


def test_progress_in_words() -> None:
    counts = RunProgress(n_total=100, n_done=30, n_errors=10, cost_usd=0.5, started_at=time.monotonic() - 20)
    assert counts.line().startswith("30 of 100 samples, 2.0/s, 30 s left, $0.5000, 10 errors")
    assert [duration(seconds) for seconds in (5, 65, 7300)] == ["5 s", "1 min 5 s", "2 h 1 min"]


def test_a_spec_may_be_saved_and_loaded(tmp_path: Path, make_spec: MakeSpec) -> None:
    spec = make_spec()
    path = tmp_path / "again.yaml"
    path.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True)))
    assert load_spec(path) == spec
    assert os.environ["OPENAI_API_KEY"] not in path.read_text()
