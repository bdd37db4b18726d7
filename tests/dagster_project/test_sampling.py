"""Sampling as the UI runs it: partitions, what is recorded of a run, failures, and keys that are nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from dagster_project.assets.raw_embeddings import embeddings
from dagster_project.assets.raw_sampling import PARTITIONS, SAMPLED_RESPONSES, experiments, responses_key
from dagster_project.resources import Warehouse
from tests.sampling.killing import write_items
from tests.sampling.server import Server, running
from warehouse.layout import Layout
from warehouse.raw import connect_raw

KEY = "sk-test-1234567890abcdef"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster_home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield instance


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def write_experiment(layout: Layout, server: Server, *models: str, **changes: Any) -> None:
    layout.experiments.mkdir(parents=True, exist_ok=True)
    write_items(layout.experiments, 5)
    spec = {
        "name": "trial",
        "tasks": [{"kind": "own", "name": "t", "path": "items.jsonl"}],
        "models": [{"id": model, "provider": "here", "price": {"input": 1, "output": 2}} for model in models],
        "providers": {"here": {"kind": "openai", "base_url": f"{server.url}/v1"}},
        "conditions": [{"prompt_format": ["choice", "open_ended"]}],
        "epochs": 2,
        "embeddings": {"model": "tiny", "base_url": f"{server.url}/v1"},
        "limits": {"attempts": 1, "backoff_s": 0.01},
    }
    (layout.experiments / "trial.yaml").write_text(yaml.safe_dump(spec | changes))


def materialize(layout: Layout, instance: dg.DagsterInstance, *names: str) -> dg.ExecuteInProcessResult:
    instance.add_dynamic_partitions(str(PARTITIONS["openai"].name), list(experiments(layout)["openai"]))
    return dg.materialize(
        SAMPLED_RESPONSES,
        selection=[responses_key("openai")],
        instance=instance,
        resources={"warehouse": Warehouse(root=str(layout.root))},
        tags={"dagster/asset_partition_range_start": names[0], "dagster/asset_partition_range_end": names[-1]},
        raise_on_error=False,
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    assert not [event for event in result.all_events if event.is_step_up_for_retry], "another try would not help"
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return str(event.step_failure_data.error_display_string)


def test_a_backfill_draws_what_is_missing_and_says_what_it_cost(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    write_experiment(layout, server, "good", "second")
    names = sorted(experiments(layout)["openai"])
    assert [name.split("|")[:2] for name in names] == [["t", "good"]] * 2 + [["t", "second"]] * 2
    result = materialize(layout, instance, *names)
    assert result.success
    assert server.n_requests == 4 * 10
    told = result.asset_materializations_for_node("raw__responses_openai")[0].metadata
    with connect_raw(layout) as con:
        sums = con.execute("select sum(cost_usd), sum(input_tokens), sum(output_tokens) from raw.samples").fetchone()
    assert sums is not None
    assert told["n_drawn"].value == told["dagster/row_count"].value == 40
    assert told["cost_usd"].value == pytest.approx(sums[0])
    assert (told["input_tokens"].value, told["output_tokens"].value) == sums[1:]
    assert told["samples_by_status"].value == {"ok": 40}
    write_experiment(layout, server, "good", "second", epochs=3)
    assert materialize(layout, instance, *names).success
    assert server.n_requests == 4 * 15


def test_open_ended_answers_are_embedded_on_request(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    write_experiment(layout, server, "good")
    materialize(layout, instance, *sorted(experiments(layout)["openai"]))
    for n_embedded in (10, 0):
        result = dg.materialize(
            [embeddings], instance=instance, resources={"warehouse": Warehouse(root=str(layout.root))}
        )
        told = result.asset_materializations_for_node("embeddings")[0].metadata
        assert (told["n_embedded"].value, told["dagster/row_count"].value) == (n_embedded, 10)


def test_what_a_person_has_to_mend_is_not_tried_again(
    layout: Layout, server: Server, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_experiment(layout, server, "good", budget_usd=0.0005)
    names = sorted(experiments(layout)["openai"])
    assert "raise budget_usd" in failure(materialize(layout, instance, *names))
    write_experiment(layout, server, "fault-401")
    wrong = sorted(experiments(layout)["openai"])
    assert "check the key" in failure(materialize(layout, instance, wrong[0]))
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "OPENAI_API_KEY is not set" in failure(materialize(layout, instance, wrong[0]))


def test_no_key_is_in_dagsters_records(
    layout: Layout, server: Server, instance: dg.DagsterInstance, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_experiment(layout, server, "fault-401", "good")
    good, wrong = ([n for n in sorted(experiments(layout)["openai"]) if m in n] for m in ("|good|", "|fault-401|"))
    assert materialize(layout, instance, *good).success
    failure(materialize(layout, instance, wrong[0]))  # the server repeats the key in its error
    assert any(KEY in json.dumps(headers) for headers in server.headers)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in written)
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err
