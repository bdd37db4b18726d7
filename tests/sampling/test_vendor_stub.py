"""A second opinion: the same promises against a stand-in for both vendors that others wrote."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from ingestion.sampling import SamplingError, embed_answers, sample
from tests.sampling.conftest import MakeSpec
from tests.sampling.test_faults import shrunk
from tests.sampling.test_sampling import rows
from warehouse.layout import PROJECT_ROOT, Layout

STUB = PROJECT_ROOT.parent / "shared" / "tools" / "vendor_stub_server.py"
KINDS = ("openai", "openai/responses", "anthropic")
LASTING = ("err-429", "err-429-ra", "err-500", "err-529", "err-400", "malformed", "html", "html-502")
LASTING += ("empty", "wrongshape", "truncated", "slow")

pytestmark = pytest.mark.skipif(not STUB.is_file(), reason="the shared tools are not here")


@pytest.fixture(scope="module")
def stub() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(STUB), str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/_counts").close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def counts(stub: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{stub}/_counts") as response:
        told: dict[str, int] = json.load(response)
    return told


def settings(stub: str, kind: str, **provider: Any) -> dict[str, Any]:
    address = stub + ("" if kind == "anthropic" else "/v1")
    limits = {"timeout_s": 0.5, "attempts": 2, "patience_s": 0.1, "backoff_s": 0.01, "batch_poll_s": 0.01}
    limits |= {"max_consecutive_errors": 100}
    # Its backlog is 5: a burst of more connections waits a second for the first one to be tried again.
    return {"provider": {"base_url": address, "concurrency": 4, **provider}, "limits": limits, "epochs": 2}


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_is_had_and_had_once(stub: str, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    spec = make_spec(f"good {kind}", kind, **settings(stub, kind))
    assert sample(spec, layout).n_drawn == 20
    assert sample(spec, layout).n_drawn == 0
    assert sum(n for what, n in counts(stub).items() if what.startswith(f"('ans', 'good {kind}'")) == 20
    thought = 18 if kind != "anthropic" else None  # no thinking was asked for
    assert rows(layout, "select distinct status, input_tokens, output_tokens, reasoning_tokens from raw.samples") == [
        ("ok", 20, 30, thought)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_lasting_fault_is_recorded(stub: str, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    summary = sample(shrunk(make_spec, list(LASTING), kind, n_items=2, **settings(stub, kind) | {"epochs": 1}), layout)
    assert {part.key.model_id: (part.n_drawn, part.n_errors) for part in summary.partitions} == dict.fromkeys(
        LASTING, (0, 2)
    )
    assert rows(
        layout, "select distinct status, completion, choice_index, error is null, cost_usd from raw.samples"
    ) == [("error", None, None, False, None)]
    told = dict(rows(layout, "select model_id, any_value(error) from raw.samples group by all"))
    assert "429" in told["err-429"] and "529" in told["err-529"] and "timed out" in told["slow"]
    assert "connection" in told["truncated"] and "not JSON" in told["malformed"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_passing_fault_leaves_nothing_behind(stub: str, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    # The first request of all fails, whichever it is; the name makes each test's count its own.
    spec = make_spec(f"flaky-1 {kind}", kind, **settings(stub, kind))
    assert (summary := sample(spec, layout)).n_drawn == 20 and summary.n_errors == 0
    assert rows(layout, "select status, count(*) from raw.samples group by all") == [("ok", 20)]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_wrong_key_stops_the_run(stub: str, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    with pytest.raises(SamplingError, match="check the key"):
        sample(make_spec("err-401", kind, **settings(stub, kind)), layout)


@pytest.mark.parametrize("kind", ["openai", "openai/responses", "anthropic"])
def test_batches_end_whole_or_in_part(stub: str, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    models = [{"id": name, "provider": "here", "price": {"input": 1, "output": 1}} for name in ("batched", "err-in")]
    summary = sample(make_spec("", kind, models=models, **settings(stub, kind, batch=True)), layout)
    assert {part.key.model_id: (part.n_drawn, part.n_errors) for part in summary.partitions} == {
        "batched": (20, 0),
        "err-in": (0, 20),
    }
    assert rows(layout, "select model_id, status, count(*) from raw.samples group by all order by all") == [
        ("batched", "ok", 20),
        ("err-in", "error", 20),
    ]


def test_open_ended_answers_are_embedded(stub: str, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec(
        "open",
        "openai_compatible",
        condition={"prompt_format": "open_ended"},
        embeddings={"model": "tiny", "base_url": f"{stub}/v1"},
        **settings(stub, "openai_compatible"),
    )
    sample(spec, layout)
    # This stand-in answers with a letter and no tag: nothing may be embedded, and nothing be taken for an answer.
    assert rows(layout, "select distinct status, answer from raw.samples") == [("format_failure", None)]
    assert embed_answers(spec, layout).n_embedded == 0
