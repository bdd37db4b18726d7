"""Prompts, verbatim responses and what they come to: pure functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingestion.sampling.journal.outcome import judge, last_answer
from ingestion.sampling.providers.wire import (
    READERS,
    InvalidResponseError,
    Reply,
    read_chat,
    read_message,
    read_responses,
)
from ingestion.sampling.questions.items import Item
from ingestion.sampling.questions.prompts import render

ITEM = Item("i", "Which?", ("w", "x", "y", "z"), 1, "x")
OTHER = Item("o", "What?", ("p", "q"), 0, "p")
NO_COMPLETIONS = [
    *("", "null", "{}", "[]", "3", "<html></html>", "{" * 9, "[" * 100_000),
    *('{"choices": []}', '{"choices": [{}]}', '{"choices": "no"}', '{"text": 1, "model": "m"}'),
    *('{"choices": [{"message": {"content": [1]}}]}', '{"choices": [{"message": {"role": "assistant"}}]}'),
    *('{"type": "message"}', '{"type": "error", "content": []}', '{"type": "message", "content": "x"}'),
    *('{"status": "completed", "output": []}', '{"status": "failed", "output": []}', '{"status": 3, "output": []}'),
    '{"status": "in_progress", "output": []}',
]


def chat(content: Any = "ANSWER: B", **changes: Any) -> str:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "model": "m"} | changes)


def reply(text: str) -> Reply:
    return read_chat(chat(text))


def test_prompts_ask_for_one_form() -> None:
    assert "ANSWER: X" in render(ITEM, "choice")[0].text and "A, B, C, D" in render(ITEM, "choice")[0].text
    assert "<answer>X</answer>" in render(ITEM, "choice", tagged=True)[0].text
    assert "<PROB>p_A, p_B, p_C, p_D</PROB>" in render(ITEM, "probability")[0].text
    open_ended = render(ITEM, "open_ended", examples=[OTHER])[0].text
    assert "A)" not in open_ended and "Right answer: p" in open_ended
    turns = render(ITEM, "choice", examples=[OTHER], system="Be brief.")
    assert [turn.role for turn in turns] == ["system", "user"]
    assert turns[1].text.endswith("Question\n\nWhich?\n\nA) w\nB) x\nC) y\nD) z") and "Right answer: A" in turns[1].text
    with pytest.raises(ValueError, match="'i' has no options; ask it with prompt_format: open_ended"):
        render(Item("i", "q"), "choice")


@pytest.mark.parametrize(
    ("prompt_format", "text", "status", "answer"),
    [
        ("choice", "So it is.\nANSWER: C", "ok", "C"),
        ("choice", "<answer>(B)</answer>", "ok", "B"),
        ("choice", "ANSWER: E", "format_failure", None),
        ("choice", "It could be A or B.", "format_failure", None),
        ("choice", "", "format_failure", None),
        ("probability", "<PROB>0.1, 0.2, 0.3, 0.4</PROB>", "ok", "0.1, 0.2, 0.3, 0.4"),
        ("probability", "<PROB>1,0,0,0</PROB> no: <PROB>0,2,0,0</PROB>", "ok", "0.0, 2.0, 0.0, 0.0"),
        ("probability", "<PROB>10%, 20%, 30%, 40%</PROB>", "format_failure", None),
        ("probability", "<PROB>0.5, 0.5</PROB>", "format_failure", None),
        ("probability", "<PROB>0, 0, 0, 0</PROB>", "format_failure", None),
        ("probability", "ANSWER: A", "format_failure", None),
        ("open_ended", "Well.\n<answer> it\ndepends </answer>", "ok", "it\ndepends"),
        ("open_ended", "<answer>one</answer> rather <ANSWER>two</ANSWER>", "ok", "two"),
        ("open_ended", "<answer>one</answer> and <answer>cut o", "ok", "one"),
        ("open_ended", "<answer> </answer>", "format_failure", None),
        ("open_ended", "no tag", "format_failure", None),
    ],
)
def test_what_a_completion_comes_to(prompt_format: str, text: str, status: str, answer: str | None) -> None:
    outcome = judge(reply(text), prompt_format, 4)
    assert (outcome.status, outcome.answer) == (status, answer)
    assert (outcome.choice_index is not None) == (prompt_format == "choice" and status == "ok")
    assert (outcome.class_probs is not None) == (prompt_format == "probability" and status == "ok")


def test_the_last_complete_tag_counts() -> None:
    assert last_answer("<answer>a</answer></answer><answer>b") == "a"
    assert last_answer("</answer><answer>a<answer>b</answer>") == "b"
    assert last_answer("<answer>") is None


@pytest.mark.parametrize("protocol", list(READERS))
@pytest.mark.parametrize("body", NO_COMPLETIONS)
def test_what_is_no_completion_is_refused(protocol: str, body: str) -> None:
    with pytest.raises(InvalidResponseError):
        READERS[protocol](body)


def test_oddities_of_real_servers_are_read() -> None:
    assert read_chat(chat(finish_reason=None)).text == "ANSWER: B"
    assert read_chat(chat(usage=None)).output_tokens is None
    assert (
        read_chat(
            chat(service_tier="unheard of", choices=[{"message": {"content": "x"}, "finish_reason": "new"}])
        ).finish_reason
        == "new"
    )
    vllm = chat(choices=[{"message": {"content": "x", "reasoning": "because"}, "finish_reason": "stop"}])
    assert read_chat(vllm).reasoning == "because"
    half = chat("x").replace('"x"', '"\\ud800x"')  # half of a surrogate pair, as a cut-off emoji leaves it
    assert read_chat(half).text.endswith("x")
    assert read_chat(chat("x", extra=float("nan"))).text == "x"
    usage = {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 10}
    message = {"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage}
    told = read_message(json.dumps(message))
    assert (told.input_tokens, told.cached_tokens, told.output_tokens, told.reasoning_tokens) == (115, 100, 7, None)
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    assert (read_responses(json.dumps(cut)).text, read_responses(json.dumps(cut)).finish_reason) == (
        "",
        "max_output_tokens",
    )


def test_the_backend_is_told_where_the_protocol_names_it() -> None:
    answer = {"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}], "model": "m-2026"}
    assert READERS["openai.chat"](json.dumps(answer)).system_fingerprint is None
    assert READERS["openai.chat"](json.dumps(answer | {"system_fingerprint": "fp_1"})).system_fingerprint == "fp_1"
    # Nobody's answer depends on it.
    assert READERS["openai.chat"](json.dumps(answer | {"system_fingerprint": 1})).system_fingerprint is None
