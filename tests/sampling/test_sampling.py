"""From a spec to the raw layer, over real HTTP with the real SDKs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.sampling import (
    EmbeddingError,
    ExperimentSpec,
    MissingKeyError,
    SamplingError,
    derive_all,
    embed_answers,
    partition_keys,
    plan,
    sample,
)
from ingestion.sampling.journal.records import Answered, read
from tests.sampling.conftest import KEY, MakeSpec
from tests.sampling.server import Server
from warehouse.layout import Layout
from warehouse.raw import connect_raw, files_off_contract


def rows(layout: Layout, query: str) -> list[tuple[Any, ...]]:
    with connect_raw(layout) as con:
        return con.execute(query).fetchall()


def test_every_planned_sample_is_there_once(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    summary = sample(make_spec(), layout)
    assert (summary.n_drawn, summary.n_missing, summary.stopped) == (30, 0, None)
    assert server.n_requests == 30
    assert rows(
        layout, "select count(*), count(distinct sample_id), count(distinct (item_id, epoch)) from raw.samples"
    ) == [(30, 30, 30)]
    assert rows(layout, "select distinct status, run_status, source, context_id from raw.samples") == [
        ("ok", "success", "sampler", "none")
    ]
    assert rows(layout, "select count(*), sum(n_choices) from raw.items") == [(10, 40)]
    assert rows(layout, "select prompt_format, max_tokens, n_shots from raw.conditions") == [("choice", 100, 0)]
    assert rows(layout, "select model_id, provider, is_simulated from raw.models") == [("good", "openai", False)]
    for table in ("samples", "items", "conditions", "models"):
        assert files_off_contract(layout, table) == {}


def test_a_second_run_asks_nobody(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec(), layout)
    files = {path: path.stat().st_mtime_ns for path in layout.root.rglob("*.parquet")}
    summary = sample(make_spec(), layout)
    assert (summary.n_drawn, server.n_requests) == (0, 30)
    assert {path: path.stat().st_mtime_ns for path in layout.root.rglob("*.parquet")} == files


def test_where_nothing_is_missing_no_key_is_needed(
    server: Server, layout: Layout, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample(make_spec(), layout)
    monkeypatch.delenv("OPENAI_API_KEY")
    assert sample(make_spec(), layout).n_missing == 0
    with pytest.raises(MissingKeyError, match="OPENAI_API_KEY is not set"):
        sample(make_spec("another"), layout)


def test_more_epochs_cost_only_those_epochs(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec(), layout)
    before = set(rows(layout, "select sample_id, completion from raw.samples"))
    assert plan(make_spec(epochs=4), layout).n_missing == 10
    assert sample(make_spec(epochs=4), layout).n_drawn == 10
    assert server.n_requests == 40
    after = set(rows(layout, "select sample_id, completion from raw.samples"))
    assert before < after and len(after) == 40


def test_what_the_server_said_is_what_the_raw_layer_holds(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec("thinking")
    sample(spec, layout)
    (folder,) = {path.parent for path in layout.responses.rglob("*.zst")}
    answers = [record for record in read(folder) if isinstance(record, Answered)]
    for answer in answers:
        told = json.loads(answer.response)
        ((completion, reasoning, choice, read_, written, thought, cost, served, seed),) = rows(
            layout,
            "select completion, reasoning, choice_index, input_tokens, output_tokens, reasoning_tokens, cost_usd, "
            f"served_model, seed from raw.samples where item_id = '{answer.item_id}' and epoch = {answer.epoch}",
        )
        message, usage = told["choices"][0]["message"], told["usage"]
        assert completion == message["content"] and reasoning == message["reasoning_content"]
        assert choice == "ABCD".index(message["content"][-1])
        assert (read_, written) == (usage["prompt_tokens"], usage["completion_tokens"])
        assert thought == usage["completion_tokens_details"]["reasoning_tokens"]
        assert cost == pytest.approx((usage["prompt_tokens"] * 1.0 + usage["completion_tokens"] * 2.0) / 1e6, rel=1e-12)
        assert served == "thinking-2026-01-01"
        assert seed in [request["body"]["seed"] for request in server.requests]
    assert len({request["body"]["seed"] for request in server.requests}) == 30


def test_tokens_that_are_not_reported_are_null(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec("noreasoning"), layout)
    sample(make_spec("nousage"), layout)
    assert rows(
        layout,
        "select model_id, count(input_tokens), count(output_tokens), count(reasoning_tokens), count(cost_usd) "
        "from raw.samples group by all order by all",
    ) == [("noreasoning", 30, 30, 0, 30), ("nousage", 0, 0, 0, 0)]


def test_parquet_is_derived_again_without_a_request(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec(), layout)
    columns = "select * exclude (ingested_at) from raw.samples order by sample_id"
    before = rows(layout, columns)
    for path in (layout.raw / "samples").rglob("sampler.parquet"):
        path.unlink()
    (derived,) = derive_all(layout)
    assert (derived.n_samples, derived.n_by_status) == (30, {"ok": 30})
    assert rows(layout, columns) == before
    assert server.n_requests == 30


def test_an_open_ended_item_has_no_classes(layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec(condition={"prompt_format": ["choice", "open_ended"], "shots": 1}), layout)
    joined = (
        "select prompt_format, count(*), min(n_choices), min(target_index), min(choice_index), count(answer) "
        "from raw.samples join raw.conditions using (condition_id) join raw.items using (task, item_id, answer_key_id) "
        "group by all order by all"
    )
    assert rows(layout, joined) == [("choice", 30, 4, 0, 0, 30), ("open_ended", 30, None, None, None, 30)]


@pytest.mark.parametrize("kind", ["openai", "openai/responses", "anthropic"])
def test_no_key_is_written_anywhere(
    server: Server,
    layout: Layout,
    make_spec: MakeSpec,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    caplog.set_level("DEBUG")
    told: list[str] = []
    sample(make_spec("good", kind, epochs=1), layout, report=told.append)
    # A server that repeats the key: in its errors, in the answer itself, in a batch's results.
    for model in ("fault-401", "fault-404"):
        with pytest.raises(SamplingError) as caught:
            sample(make_spec(model, kind, epochs=1), layout, report=told.append)
        told.append(str(caught.value))
    sample(make_spec("fault-500", kind, epochs=1, limits={"max_consecutive_errors": 100}), layout, report=told.append)
    sample(make_spec("keyed", kind, epochs=1, condition={"prompt_format": "open_ended"}), layout)
    batch = {"provider": {"batch": True}, "limits": {"batch_poll_s": 0.01, "attempts": 1}}
    sample(make_spec("keyed-batchfail", kind, epochs=1, **batch), layout, report=told.append)
    embedded = make_spec(
        "keyed",
        kind,
        epochs=1,
        condition={"prompt_format": "open_ended"},
        embeddings={"model": "fault-500", "base_url": f"{server.url}/v1"},
    )
    with pytest.raises(EmbeddingError) as failed:
        embed_answers(embedded, layout, report=told.append)
    assert KEY in server.headers[0].get("authorization", server.headers[0].get("x-api-key", ""))
    assert KEY not in "".join([*told, str(failed.value), caplog.text, *capfd.readouterr()])
    errors = rows(layout, "select distinct error from raw.samples where model_id = 'fault-500'")
    assert len(errors) == 1 and "[key]" in errors[0][0]
    written = [path for path in layout.root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert len(written) > 15
    for path in written:
        assert KEY.encode() not in _content(path), path


def _content(path: Path) -> bytes:
    import pyarrow as pa

    with pa.input_stream(path, compression="zstd" if path.suffix == ".zst" else None) as stream:
        content: bytes = stream.read()
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        content += str(pq.read_table(path).to_pylist()).encode()
    return content


def test_contexts_are_drawn_by_seed_and_never_hold_the_item(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    spec: ExperimentSpec = make_spec(condition={"shots": 2, "contexts": 3}, epochs=2)
    sample(spec, layout)
    assert rows(layout, "select count(*), count(distinct context_id) from raw.samples") == [(60, 3)]
    for request in server.requests:
        text = request["body"]["messages"][0]["content"]
        shown, asked = text.split("Question\n\n")
        question = asked.split("\n")[0]
        assert shown.count("Right answer: A") == 2 and question not in shown
    more = make_spec(condition={"shots": 2, "contexts": 4}, epochs=2)
    assert plan(more, layout).n_missing == 20


def test_a_key_in_a_request_s_extra_fields_is_in_no_table(layout: Layout, make_spec: MakeSpec) -> None:
    key = "xai-" + "aB3" * 20
    spec = make_spec(condition={"extra_body": {"user": key, "min_p": 0.1}})
    sample(spec, layout)
    (row,) = rows(layout, "select condition_id, condition_label, settings from raw.conditions")
    assert row[0] == next(iter(partition_keys(spec))).condition_id
    assert key not in str(row) and "min_p" in row[1] and '"min_p":0.1' in row[2]
