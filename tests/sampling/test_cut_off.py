"""Completions that were cut off while the model was still reasoning hold no answer, whatever stands in them."""

from __future__ import annotations

import pytest

from ingestion.reasoning_text import CUT_OFF
from ingestion.sampling import sample
from ingestion.sampling.journal.outcome import judge
from ingestion.sampling.providers.wire import Reply
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout
from warehouse.status import describe

KINDS = ["openai", "openai/responses", "openai_compatible", "anthropic"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [{}, {"stream": True}, {"batch": True}], ids=["whole", "streamed", "batch"])
def test_no_answer_is_read_out_of_a_half_thought(
    server: Server, layout: Layout, make_spec: MakeSpec, kind: str, way: dict[str, bool]
) -> None:
    if way == {"batch": True} and kind == "openai_compatible":
        return  # it has no batch API
    summary = sample(make_spec("half-thought", kind, provider=way, limits={"batch_poll_s": 0.01}), layout)
    assert server.n_streamed == (30 if "stream" in way else 0)
    told = "select status, choice_index, answer, error, completion, reasoning like '%It may be%ANSWER: _', count(*)"
    (row, *others) = rows(layout, f"{told} from raw.samples group by all")
    assert not others and row[:5] == ("format_failure", None, None, CUT_OFF, "") and row[6] == 30
    assert row[5]
    (warning,) = summary.warnings()
    assert "sums, half-thought, choice" in warning and "30 of 30 completions were cut off" in warning
    told = describe(layout)
    assert "often cut off" in told and "30 of 30 samples" in told and "30 cut off" in told


@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
def test_a_template_that_opens_the_thought_is_seen(layout: Layout, make_spec: MakeSpec, kind: str) -> None:
    sample(make_spec("open-thought", kind), layout)
    found = rows(
        layout,
        "select finish_reason in ('length', 'max_tokens'), status, choice_index, error, count(*) > 5 "
        "from raw.samples group by all order by all",
    )
    assert found == [(False, "ok", 3, None, True), (True, "format_failure", None, CUT_OFF, True)]


def reply(text: str, finish_reason: str, reasoning: str | None = None, reasoning_tokens: int | None = None) -> Reply:
    return Reply(text, reasoning, 1, None, 1, reasoning_tokens, finish_reason, "m", is_refusal=False)


def test_reasoning_that_the_server_told_apart() -> None:
    for cut in (reply("", "length", "I weigh"), reply("", "max_output_tokens", None, 50)):
        outcome = judge(cut, "choice", 4)
        assert (outcome.status, outcome.error) == ("format_failure", CUT_OFF)
    empty = judge(reply("", "stop", "I weigh"), "choice", 4)
    assert (empty.status, empty.error, empty.reasoning) == ("format_failure", None, "I weigh")
    # An answer that came before the limit stands.
    assert judge(reply("<think>a</think>ANSWER: B, since", "length"), "choice", 4).choice_index == 1
    both = judge(reply("<think>a</think> <PROB>1, 0</PROB>", "stop", "b"), "probability", 2)
    assert (both.class_probs, both.reasoning, both.completion) == ([1.0, 0.0], "b\n\na", "<PROB>1, 0</PROB>")
    assert judge(reply("<think><answer>a</answer>", "length"), "open_ended", 0).answer is None
