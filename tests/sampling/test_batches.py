from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ingestion.sampling import SamplingError, load_spec, sample
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import PROJECT_ROOT, Layout

BATCH = {"provider": {"batch": True}, "limits": {"batch_poll_s": 0.01, "batch_requests": 12, "attempts": 3}}
KINDS = ("openai", "openai/responses", "anthropic")


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_submitted_watched_and_collected(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str
) -> None:
    spec = make_spec("good", kind, **BATCH)
    summary = sample(spec, layout)
    assert (summary.n_drawn, summary.n_errors) == (30, 0)
    assert server.batches.n_submitted == 3 and server.n_requests == 0
    assert rows(layout, "select status, count(*), count(distinct sample_id) from raw.samples group by all") == [
        ("ok", 30, 30)
    ]
    ((cost, read, written),) = rows(
        layout, "select sum(cost_usd), sum(input_tokens), sum(output_tokens) from raw.samples"
    )
    assert cost == pytest.approx((read * 1.0 + written * 2.0) / 1e6 / 2)  # half the price
    assert sample(spec, layout).n_drawn == 0 and server.batches.n_submitted == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["batchfail", "batchexpire"])
def test_what_failed_in_a_batch_goes_into_another(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str, model: str
) -> None:
    summary = sample(make_spec(model, kind, **BATCH), layout)
    assert (summary.n_drawn, summary.n_errors) == (30, 0)
    assert server.batches.n_submitted > 3
    assert sum(server.completions.values()) == 30
    assert rows(layout, "select status, count(*) from raw.samples group by all") == [("ok", 30)]


def test_what_keeps_failing_is_recorded(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    changes = BATCH | {"limits": BATCH["limits"] | {"attempts": 1}}
    summary = sample(make_spec("batchfail", "anthropic", **changes), layout)
    assert summary.n_errors > 0 and summary.n_drawn == 30 - summary.n_errors
    assert rows(layout, "select count(*) from raw.samples where status = 'error' and error like 'errored:%'") == [
        (summary.n_errors,)
    ]
    again = sample(make_spec("batchfail", "anthropic", **changes), layout)
    assert (again.n_drawn, again.n_errors) == (summary.n_errors, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_submission_whose_answer_was_lost_is_found_again(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str
) -> None:
    spec = make_spec("good", kind, **BATCH)
    server.batches.drop_next_answer = True
    assert sample(spec, layout).n_drawn == 30
    assert server.batches.n_submitted == 3
    assert sum(server.completions.values()) == 30


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_run_killed_while_it_waits_collects_the_next_time(
    server: Server, layout: Layout, make_spec: MakeSpec, tmp_path: Path, kind: str
) -> None:
    server.batches.looks_until_ended = 10**9
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(make_spec("good", kind, **BATCH).model_dump(mode="json", exclude_none=True)))
    command = [sys.executable, "-m", "tests.sampling.killing", str(path), str(layout.root)]
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert waiting.stdin and waiting.stdout
    waiting.stdin.write("go\n")
    waiting.stdin.flush()
    assert waiting.stdout.readline() == "ready\n"
    pid = int(waiting.stdout.readline())
    while server.batches.n_submitted < 3:
        assert waiting.poll() is None
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    assert int(waiting.stdout.readline()) == signal.SIGKILL
    waiting.kill()
    waiting.wait()
    server.batches.looks_until_ended = 0
    assert sample(load_spec(path), layout).n_drawn == 30
    assert server.batches.n_submitted == 3
    assert sum(server.completions.values()) == 30


def test_a_batch_that_fails_as_a_whole_stops_the_run_with_its_reason(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    server.batches.fail_next = True
    spec = make_spec("good", **BATCH)
    with pytest.raises(SamplingError, match=r"token_limit_exceeded: too much: \[key\]\. .*lower limits.batch_requests"):
        sample(spec, layout)
    assert sample(spec, layout).n_missing == 0
    assert (server.batches.n_submitted, sum(server.completions.values())) == (4, 30)


def test_long_prompts_make_smaller_batches(
    server: Server, layout: Layout, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.sampling.drawing.batches.BATCH_BYTES", 1_600)  # a prompt has about 300
    assert sample(make_spec("good", **BATCH), layout).n_drawn == 30
    assert server.batches.n_submitted == 5


def test_a_budget_holds_batches_back(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    summary = sample(make_spec("good", budget_usd=0.0008, **BATCH), layout)
    assert summary.stopped is not None and "raise budget_usd" in summary.stopped
    assert 0 < summary.n_drawn < 30
    assert summary.cost_usd <= 0.0008


def test_a_batch_of_an_earlier_run_is_in_the_budget_until_it_is_collected(
    server: Server, layout: Layout, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(SamplingError, match="what was submitted is kept"):
        patch.setattr(type(server.batches), "_look_openai", lambda self, batch_id: (500, b"{}", "application/json"))
        sample(make_spec("good", **BATCH | {"limits": BATCH["limits"] | {"attempts": 1}}), layout)
    assert server.batches.n_submitted == 3
    (book,) = layout.responses.glob("*/*/*/batches.ndjson")
    told = []

    def report(line: str) -> None:
        told.append((line.split(":")[0].split()[0], book.read_text().count('"collected"')))

    # Three batches of 30 requests may come to $0.0055 together, and 30 more to as much.
    summary = sample(make_spec("good", epochs=6, budget_usd=0.0057, **BATCH), layout, report=report)
    assert (summary.n_drawn, summary.n_missing) == (60, 0)
    n_collected = [n for what, n in told if what == "submitted"]
    assert len(n_collected) == server.batches.n_submitted - 3 and n_collected[-1] > 0
    assert summary.cost_usd < 0.0057
