"""Sampling as the UI runs it: partitions, what is recorded of a run, failures, and keys that are nowhere."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from dagster_project.assets.raw_embeddings import embeddings
from dagster_project.assets.raw_sampling import SAMPLED_RESPONSES
from dagster_project.assets.sampling_partitions import (
    EMBEDDINGS,
    PARTITIONS,
    partition_key,
    partition_name,
    planned_names,
    responses_key,
)
from dagster_project.assets.sampling_partitions import (
    register as bring_up,
)
from dagster_project.jobs import experiments as register
from dagster_project.resources import Warehouse
from ingestion.sampling import PartitionKey, SpecError
from tests.sampling.agents import write_agent
from tests.sampling.killing import write_items
from tests.sampling.server import Server, running
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.lock import locked
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


def names_of(layout: Layout) -> list[str]:
    names, problems = planned_names(layout)
    assert not problems
    return names["openai"]


def materialize(layout: Layout, instance: dg.DagsterInstance, *names: str) -> dg.ExecuteInProcessResult:
    instance.add_dynamic_partitions(
        str(PARTITIONS["openai"].name), sorted({*planned_names(layout)[0]["openai"], *names})
    )
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
    names = names_of(layout)
    assert [name.split(" | ")[1::2] for name in names] == [["t", "good"], ["t", "second"]] * 2
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


def test_partitions_are_named_in_words_and_keep_their_history(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    says = {"prompt_format": "choice", "system": "Answer, as [one] does | in a word ... or in two, but no more"}
    write_experiment(layout, server, "good", conditions=[says, {"prompt_format": "choice"}], embeddings=None)
    bare, said = names_of(layout)
    assert bare.startswith("choice · 0-shot | t | choice-") and bare.endswith(" | good")
    assert said.startswith("own system prompt: Answer as one does in a word … or… | t | choice-") and said.endswith(
        " | good"
    )
    # As two earlier versions had it: without words, and with them in the middle.
    of, (task, model, condition) = str(PARTITIONS["openai"].name), partition_key(bare)
    wordless, old = f"{task}|{model}|{condition}", f"{task}|{model}|choice · 0-shot|{condition}"
    assert partition_key(wordless) == partition_key(old) == partition_key(bare)
    instance.add_dynamic_partitions(of, [old])
    key = responses_key("openai")
    instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata={"n_drawn": 7}, partition=old))
    assert bring_up(instance, layout).added == {"openai": [bare, said]}
    assert sorted(instance.get_dynamic_partitions(of)) == [bare, said]
    (record,) = instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[bare]), limit=9).records
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["n_drawn"].value == 7
    # What nothing plans is empty, and asks nobody to wait for it; what is planned and missing is not.
    empty = instance.get_latest_materialization_event
    assert empty(EMBEDDINGS) and empty(responses_key("anthropic")) and empty(responses_key("inspect"))
    assert not instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[said]), limit=1).records
    assert not bring_up(instance, layout).added


def test_open_ended_answers_are_embedded_on_request(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    write_experiment(layout, server, "good")
    materialize(layout, instance, *names_of(layout))
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
    names = names_of(layout)
    assert "raise budget_usd" in failure(materialize(layout, instance, *names))
    write_experiment(layout, server, "fault-401")
    wrong = names_of(layout)
    assert "check the key" in failure(materialize(layout, instance, wrong[0]))
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "OPENAI_API_KEY is not set" in failure(materialize(layout, instance, wrong[0]))


def test_no_key_is_in_dagsters_records(
    layout: Layout, server: Server, instance: dg.DagsterInstance, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_experiment(layout, server, "fault-401", "good")
    good, wrong = ([n for n in names_of(layout) if n.endswith(m)] for m in ("| good", "| fault-401"))
    assert good and all(materialize(layout, instance, name).success for name in good)
    failure(materialize(layout, instance, wrong[0]))  # the server repeats the key in its error
    assert any(KEY in json.dumps(headers) for headers in server.headers)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in written)
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err


def test_a_bad_spec_fails_its_own_tick_and_partitions(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    write_experiment(layout, server, "good")
    (good,) = {name.split(" | ")[-1] for name in names_of(layout)}
    mended = layout.experiments / "zz.yaml"
    mended.write_text((layout.experiments / "trial.yaml").read_text().replace("good", "later") + "epoch: 3\n")
    told = f"{mended}:27: epoch: unknown field; did you mean epochs?"
    with (
        pytest.raises(SpecError, match=re.escape(told)),
        dg.build_sensor_context(
            instance=instance, resources={"warehouse": Warehouse(root=str(layout.root))}
        ) as context,
    ):
        register(context)
    known = instance.get_dynamic_partitions(str(PARTITIONS["openai"].name))
    assert {name.split(" | ")[-1] for name in known} == {good}
    # A partition that was registered before its spec was broken.
    broken = known[0].removesuffix("good") + "later"
    message = failure(materialize(layout, instance, broken))
    assert "no readable spec plans it" in message and told in message
    assert server.n_requests == 0
    assert materialize(layout, instance, *sorted(known)).success
    assert server.n_requests == 2 * 10


def test_items_that_cannot_be_had_stop_no_other_experiment(
    layout: Layout, server: Server, instance: dg.DagsterInstance
) -> None:
    write_experiment(layout, server, "good")
    text = (layout.experiments / "trial.yaml").read_text().replace("good", "another")
    (layout.experiments / "aa.yaml").write_text(text.replace("items.jsonl", "gone.jsonl").replace("trial", "broken"))
    message = failure(materialize(layout, instance, *names_of(layout)))
    assert "experiment broken" in message and "gone.jsonl: cannot be read" in message
    assert server.n_requests == 2 * 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_a_run_without_another_try(layout: Layout, number: signal.Signals) -> None:
    with running(delay_s=0.2) as server:
        write_experiment(layout, server, "good", epochs=100)
        script = f"""
            import dagster as dg
            from pathlib import Path
            from dagster_project.assets.raw_sampling import SAMPLED_RESPONSES
            from dagster_project.assets.sampling_partitions import PARTITIONS, planned_names
            from dagster_project.jobs import sampling_jobs
            from dagster_project.main_job import _run
            from dagster_project.resources import Warehouse
            from warehouse.layout import Layout

            root = {str(layout.root)!r}
            definitions = dg.Definitions(
                assets=SAMPLED_RESPONSES,
                jobs=[job for job in sampling_jobs if job.name == "sample_openai"],
                resources={{"warehouse": Warehouse(root=root)}},
                executor=dg.in_process_executor,
            )
            with dg.DagsterInstance.ephemeral() as instance:
                names = planned_names(Layout(Path(root)))[0]["openai"]
                instance.add_dynamic_partitions(str(PARTITIONS["openai"].name), names)
                _run(definitions, "sample_openai", instance, names)
        """
        run = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True
        )
        while server.n_requests < 40:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(number)
        _, told = run.communicate(timeout=60)
        assert run.returncode == -signal.SIGINT and "KeyboardInterrupt" in told  # the command says it in one line
        n_sent = server.n_requests
        assert n_sent < 500
    with connect_raw(layout) as con:
        kept = con.execute("select count(*), min(run_status), max(run_status) from raw.samples").fetchone()
    assert kept == (n_sent, "cancelled", "cancelled")


@pytest.mark.parametrize("task", ["plain", "a | b", "a|b", "50% | %7C"])
def test_a_partition_is_known_by_its_name_whatever_its_task_is_called(task: str) -> None:
    key = PartitionKey(task, f"vendor/{task}", "choice-514b8fe4ff0d")
    assert partition_key(partition_name(key, "effort: low")) == key


def test_two_main_jobs_exclude_each_other(layout: Layout) -> None:
    with locked(layout.run_lock, "held"):
        second = subprocess.run(
            [sys.executable, "-m", "dagster_project.cli", "run"],
            cwd=PROJECT_ROOT,
            env=os.environ | {"WAREHOUSE_ROOT": str(layout.root)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 1 and second.stdout == ""
    told = f"another `incoherence run` (process {os.getpid()}) is at work; wait until it has ended, or stop it"
    assert told in second.stderr and second.stderr.count("\n") == 1
    assert not layout.dagster_home.exists()


def test_agents_are_partitions_as_everything_else(layout: Layout, instance: dg.DagsterInstance) -> None:
    layout.experiments.mkdir(parents=True)
    write_agent(layout.experiments, n_items=2, n_epochs=1)
    names = planned_names(layout)[0]
    assert [kind for kind in names if names[kind]] == ["inspect"]
    (name,) = names["inspect"]
    words, task, condition_id, model = name.split(" | ")
    assert words.startswith("agent") and (task, model) == ("products", "mockllm/model")
    assert condition_id.startswith("agent-")
    instance.add_dynamic_partitions(str(PARTITIONS["inspect"].name), [name])
    result = dg.materialize(
        SAMPLED_RESPONSES,
        selection=[responses_key("inspect")],
        instance=instance,
        resources={"warehouse": Warehouse(root=str(layout.root))},
        partition_key=name,
    )
    told = result.asset_materializations_for_node("raw__responses_inspect")[0].metadata
    assert (told["n_drawn"].value, told["output_tokens"].value) == (2, 20)
    assert told["samples_by_status"].value == {"ok": 2}
