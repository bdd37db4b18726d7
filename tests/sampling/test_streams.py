"""Answers that are streamed: the same samples as answers in one piece, and nothing of a stream that broke."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic._constants import MODEL_NONSTREAMING_TOKENS

from ingestion.sampling import SpecError, plan, sample
from ingestion.sampling.providers.streams import DONE, ChatAssembly, stream_error
from ingestion.sampling.spec.contracts import is_streamed
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.streams import FAULTS
from tests.sampling.test_faults import shrunk
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout

KINDS = ("openai", "openai/responses", "openai_compatible", "openai_compatible/completions", "anthropic")
ANSWERS = ["thinking", "refusal", "length", "deaf"]
RARER = ["filter", "blank", "nousage", "keyed"]
KEPT = """model_id, item_id, status, choice_index, answer, error, completion, reasoning, input_tokens, output_tokens,
    reasoning_tokens, cost_usd, served_model, finish_reason, seed"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_streamed_answer_is_the_answer_in_one_piece(
    server: Server, tmp_path: Path, make_spec: MakeSpec, kind: str
) -> None:
    condition = {"reasoning": "medium", "max_tokens": 2000} if kind == "anthropic" else {"max_tokens": 2000}
    answers = ANSWERS + (RARER if kind == "openai" else [])
    had = []
    for stream in (None, True):
        layout = Layout(tmp_path / str(stream))
        spec = shrunk(make_spec, answers, kind, provider={"stream": stream}, condition=condition)
        assert sample(spec, layout).n_drawn == 3 * len(answers)
        assert server.n_streamed == (3 * len(answers) - 3 if stream else 0)
        had.append(rows(layout, f"select {KEPT} from raw.samples order by all"))
    assert had[0] == had[1] and len(had[0]) == 3 * len(answers)
    assert {"ok", "format_failure"} <= {row[2] for row in had[1]} or kind == "openai_compatible/completions"


@pytest.mark.parametrize("kind", ["openai", "openai_compatible/completions", "openai/responses", "anthropic"])
def test_a_stream_that_breaks_is_tried_again_and_leaves_nothing(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str
) -> None:
    models = [f"flaky-{fault}-1" for fault in FAULTS] + ["fault-midcut", "fault-midend", "fault-midtail"]
    limits = {"timeout_s": 0.4, "patience_s": 10, "attempts": 2}
    spec = shrunk(make_spec, models, kind, provider={"stream": True}, limits=limits)
    summary = sample(spec, layout)
    assert {part.key.model_id: (part.n_drawn, part.n_errors) for part in summary.partitions} == dict.fromkeys(
        models[:-3], (3, 0)
    ) | dict.fromkeys(models[-3:], (0, 3))
    assert Counter(request["body"]["model"] for request in server.requests) == dict.fromkeys(models, 6)
    told = rows(
        layout,
        "select model_id like 'flaky%', status, error like '%stream broke off%' or error like '%connection failed%', "
        "count(completion), count(output_tokens), count(*) from raw.samples group by all order by all",
    )
    n_ok = 3 * len(FAULTS)
    assert told == [(False, "error", True, 0, 0, 9), (True, "ok", None, n_ok, n_ok, n_ok)]
    # One try of three samples each was paid for and lost, and both tries of the last ones.
    uncertain = {part.key.model_id: part.uncertain_usd for part in plan(spec, layout).partitions}
    once = uncertain[models[0]]
    assert once > 0 and uncertain == pytest.approx(
        dict.fromkeys(models[:-3], once) | dict.fromkeys(models[-3:], 2 * once)
    )


def test_what_broken_streams_may_have_cost_is_in_the_budget(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    changes: Any = {"provider": {"stream": True, "concurrency": 4}, "limits": {"attempts": 9}, "budget_usd": 0.004}
    spec = make_spec("fault-midcut", **changes)
    summary = sample(spec, layout)
    assert (summary.n_drawn, summary.cost_usd) == (0, 0.0)
    assert "are spent, what nobody told at its most, and the next" in str(summary.stopped)
    assert "budget_usd leaves nothing for another try" in rows(layout, "select min(error) from raw.samples")[0][0]
    n_requests = server.n_requests
    told = plan(spec, layout)
    assert 0.0035 < told.uncertain_usd <= 0.004 and "for answers that broke off or told no tokens" in str(told.lines())
    assert sample(spec, layout).n_drawn == 0 and server.n_requests == n_requests  # it is remembered


def test_a_finish_reason_is_no_end_of_a_stream() -> None:
    text = {"choices": [{"index": 0, "delta": {"content": "so"}, "finish_reason": None}], "usage": None}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None}
    tokens = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    for events, is_whole in (
        ([text, end], False),
        ([text, DONE], False),
        ([text, tokens], False),
        ([text, end, DONE], True),
        ([text, end, tokens], True),
    ):
        assembly = ChatAssembly()
        for event in events:
            assembly.add(event)
        assert (assembly.response() is not None) == is_whole, events


def test_what_an_error_within_a_stream_means() -> None:
    told = {"error": {"type": "invalid_request_error", "message": "no"}}
    names = [type(stream_error(error)).__name__ for error in (told, {"code": "insufficient_quota"}, None, "busy")]
    assert names == ["RejectedError", "FatalError", "TransientError", "TransientError"]
    assert "busy" in str(stream_error("busy"))
    by_status = [type(stream_error({"code": code, "message": "no"})).__name__ for code in (400, "429", 502, 7)]
    assert by_status == ["RejectedError", "OverloadedError", "TransientError", "TransientError"]


def test_long_answers_of_anthropic_are_streamed_by_themselves(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    for limit, n in ((21_333, 0), (21_334, 10)):
        sample(make_spec("claude-sonnet-5-5", "anthropic", condition={"max_tokens": limit}, epochs=1), layout)
        assert server.n_streamed == n
    sample(make_spec("long", "openai", condition={"max_tokens": 100_000}, epochs=1), layout)
    assert server.n_streamed == 10 and server.n_broken_contracts == 0
    batches: dict[str, Any] = {"provider": {"batch": True}, "limits": {"batch_poll_s": 0.01}, "epochs": 1}
    assert sample(make_spec("b", "anthropic", condition={"max_tokens": 64_000}, **batches), layout).n_drawn == 10
    with pytest.raises(SpecError, match=r"conditions\.0\.max_tokens: is 21334, .* stream: false; above 21333 .* drop"):
        make_spec("claude-x", "anthropic", condition={"max_tokens": 21_334}, provider={"stream": False})
    with pytest.raises(SpecError, match=r"providers\.here: stream is for requests over HTTP, one by one; drop it"):
        make_spec("claude-x", "anthropic", provider={"stream": True, "batch": True})


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-brand-new", *MODEL_NONSTREAMING_TOKENS])
def test_the_limit_is_the_sdk_s(model: str) -> None:
    client = anthropic.Anthropic(api_key="none")
    for max_tokens in (8_192, 8_193, 21_333, 21_334):
        try:
            client._calculate_nonstreaming_timeout(max_tokens, MODEL_NONSTREAMING_TOKENS.get(model))
            is_refused = False
        except ValueError:
            is_refused = True
        if "@" not in model and not model.startswith(("anthropic.", "claude-4-")):  # names of other clouds
            assert is_streamed(None, "anthropic", model, max_tokens) == is_refused, (model, max_tokens)


@pytest.mark.parametrize(
    ("kind", "extra", "message"),
    [
        ("openai", {"stream": True}, r"extra_body: 'stream' .* set stream for the provider"),
        ("openai", {"n": 3}, r"extra_body: 'n' .* set epochs"),
        ("openai", {"seed": 7}, r"extra_body: 'seed' .* every sample has a seed of its own"),
        ("openai/responses", {"input": "?"}, r"extra_body: 'input' .* prompts are made from the task"),
        ("anthropic", {"temperature": 0.5}, r"extra_body\.temperature: is 0\.5; 'claude-opus-5-5' takes none"),
        ("anthropic", {"max_tokens": 200_000}, r"extra_body\.max_tokens: is 200000; .* at most 128000"),
        (
            "anthropic",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            r"extra_body\.reasoning: is 2048; .* takes no number of thinking tokens",
        ),
        ("anthropic", {"output_config": {"effort": "minimal"}}, r"extra_body\.reasoning: is 'minimal'"),
    ],
)
def test_extra_fields_are_held_to_the_contract_too(
    make_spec: MakeSpec, kind: str, extra: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=rf"conditions\.0\.{message}"):
        make_spec("claude-opus-5-5", kind, condition={"max_tokens": 4096, "extra_body": extra})
    shown = {"thinking": {"type": "adaptive", "display": "summarized"}}
    make_spec("claude-opus-5-5", "anthropic", condition={"extra_body": shown})
