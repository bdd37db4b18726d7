"""Every fault ends as a recorded status or a clean retry, none as a wrong sample."""

from __future__ import annotations

from collections import Counter

import pytest

from ingestion.sampling import ExperimentSpec, SamplingError, plan, sample
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout

KINDS = ("openai", "openai/responses", "anthropic", "openai_compatible")
TRANSIENT = ("500", "503", "529", "429", "429-after", "cut", "cut-body", "json", "html", "html-json", "empty")
TRANSIENT += ("null", "wrong", "timeout")
SMALL = {"epochs": 1, "condition": {"max_tokens": 2000}}


def shrunk(make_spec: MakeSpec, models: list[str], kind: str, n_items: int = 3, **changes: object) -> ExperimentSpec:
    spec = make_spec(models[0], kind, **(SMALL | changes))
    task = spec.tasks[0].model_copy(update={"n_items": n_items})
    every = tuple(spec.models[0].model_copy(update={"id": model}) for model in models)
    return spec.model_copy(update={"tasks": (task,), "models": every})


@pytest.mark.parametrize("kind", KINDS)
def test_a_passing_fault_is_retried_and_leaves_nothing_behind(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str
) -> None:
    models = [f"flaky-{fault}-1" for fault in TRANSIENT]
    summary = sample(shrunk(make_spec, models, kind, limits={"timeout_s": 2, "patience_s": 10}), layout)
    assert {part.key.model_id: (part.n_drawn, part.n_errors) for part in summary.partitions} == {
        f"flaky-{fault}-1": (3, 0) for fault in TRANSIENT
    }
    tries = Counter(request["body"]["model"] for request in server.requests)
    assert set(tries.values()) == {6}
    assert rows(layout, "select distinct status, error, choice_index is null from raw.samples") == [("ok", None, False)]
    assert rows(layout, "select count(*) from raw.samples") == [(3 * len(TRANSIENT),)]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_lasting_fault_is_an_error_and_is_asked_again(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str
) -> None:
    lasting = [fault for fault in TRANSIENT if fault != "timeout"] + ["400"]
    spec = shrunk(make_spec, [f"fault-{fault}" for fault in lasting], kind)
    summary = sample(spec, layout)
    assert [(part.n_drawn, part.n_errors, part.n_missing) for part in summary.partitions] == [(0, 3, 3)] * len(lasting)
    assert [(part.n_missing, part.n_errors) for part in plan(spec, layout).partitions] == [(3, 3)] * len(lasting)
    columns = "status, error is null, completion, choice_index, class_probs, output_tokens"
    assert rows(layout, f"select distinct {columns} from raw.samples") == [("error", False, None, None, None, None)]
    assert rows(layout, "select count(*) from raw.samples") == [(3 * len(lasting),)]


def test_an_errored_sample_that_is_had_later_replaces_the_error(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    spec = shrunk(make_spec, ["flaky-html-4"], "openai", limits={"attempts": 3})
    assert sample(spec, layout).n_errors == 3
    assert rows(layout, "select distinct status from raw.samples") == [("error",)]
    assert sample(spec, layout).n_drawn == 3
    assert rows(layout, "select status, count(*) from raw.samples group by all") == [("ok", 3)]
    assert server.n_requests == 3 * 5


@pytest.mark.parametrize("kind", KINDS)
def test_answers_that_are_no_faults(server: Server, layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    reasons = {
        "openai": ("stop", "length"),
        "openai_compatible": ("stop", "length"),
        "openai/responses": ("completed", "max_output_tokens"),
        "anthropic": ("end_turn", "max_tokens"),
    }[kind]
    spec = shrunk(make_spec, ["refusal", "length", "blank"], kind)
    assert sample(spec, layout).n_drawn == 9
    cut = f"finish_reason = '{reasons[1]}'"
    assert rows(layout, f"select distinct model_id, status, {cut} from raw.samples order by 1") == [
        ("blank", "format_failure", False),
        ("length", "format_failure", True),
        ("refusal", "refused", False),
    ]
    assert sample(spec, layout).n_drawn == 0
    assert server.n_requests == 9


def test_a_filtered_answer_is_refused(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(shrunk(make_spec, ["filter"], "openai"), layout)
    sample(shrunk(make_spec, ["filter2"], "openai/responses"), layout)
    assert rows(layout, "select status, count(*) from raw.samples group by all") == [("refused", 6)]


@pytest.mark.parametrize(
    ("fault", "fix"), [("401", "check the key"), ("404", "check the model's name"), ("quota", "add credit")]
)
def test_what_only_a_person_can_mend_stops_the_run(
    server: Server, layout: Layout, make_spec: MakeSpec, fault: str, fix: str
) -> None:
    with pytest.raises(SamplingError, match=fix):
        sample(make_spec(f"fault-{fault}", epochs=20), layout)
    assert server.n_requests <= 32
    assert rows(layout, "select count(*) from raw.samples") == [(0,)]


def test_a_setup_that_fails_every_time_is_stopped(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec("fault-400", epochs=20, limits={"max_consecutive_errors": 5}, provider={"concurrency": 2})
    with pytest.raises(SamplingError, match="5 samples in a row ended in an error, the last one: 400"):
        sample(spec, layout)
    assert server.n_requests <= 7


def test_concurrency_falls_under_overload_and_nothing_is_lost(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    spec = make_spec("flaky-429-after-1", epochs=6, limits={"patience_s": 20})
    summary = sample(spec, layout)
    assert (summary.n_drawn, summary.n_errors) == (60, 0)
    assert server.most_in_flight <= 32


def test_concurrency_settles_at_what_the_server_bears(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    server.capacity, server.delay_s = 6, 0.005
    provider = {"concurrency": 64}
    summary = sample(make_spec(epochs=60, provider=provider, limits={"patience_s": 60}), layout)
    assert (summary.n_drawn, summary.n_errors) == (600, 0)
    assert server.n_refused > 0
    assert server.n_refused < 200  # 64 at a time would be refused nine times out of ten
    assert rows(layout, "select status, count(*) from raw.samples group by all") == [("ok", 600)]
