"""The streaming half of the test server: an answer in pieces, as OpenAI and Anthropic send it, and streams that break.

Faults, in the name of a model like those of `server.py`, of streamed answers alone: midcut (the connection is cut
half-way), midend (the stream ends in good order, and half-way), midtail (the same, without its last two events: the
text and its finish reason are there, tokens and end mark are not), miderror (an error is told within it), midbusy (the
error is an overload), midjson (half a line of JSON), midhang (nothing more comes).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FAULTS = ("midcut", "midend", "midtail", "miderror", "midbusy", "midjson", "midhang")


@dataclass
class Stream:
    """Frames, and what becomes of them: all are sent, or half of them and then nothing more in one way or another."""

    frames: list[bytes]
    is_cut: bool = False
    hangs: bool = False


def streamed(path: str, asked: dict[str, Any], answer: dict[str, Any], fault: str | None = None) -> Stream:
    """The answer in pieces."""
    if path.endswith("/messages"):
        frames = [_frame(event, event["type"]) for event in _message(answer)]
    elif path.endswith("/responses"):
        frames = [_frame(event, event["type"]) for event in _responses(answer)]
    else:
        has_usage = asked.get("stream_options", {}).get("include_usage", False)
        frames = [*map(_frame, _chunks(answer, has_usage=has_usage)), b"data: [DONE]\n\n"]
    if fault is None:
        return Stream(frames)
    if fault == "midtail":
        return Stream(frames[:-2])
    half = frames[: len(frames) // 2]
    if fault in ("miderror", "midbusy"):
        half.append(_error(path, "overloaded_error" if fault == "midbusy" else "server_error"))
    if fault == "midjson":
        half.append(frames[len(half)][:-12] + b"\n\n")
    return Stream(half, is_cut=fault == "midcut", hangs=fault == "midhang")


def _error(path: str, kind: str) -> bytes:
    error = {"type": kind, "code": None, "message": "no more of it"}
    if path.endswith("/responses"):
        return _frame(error | {"type": "error", "code": kind}, "error")
    return _frame({"type": "error", "error": error}, "error" if path.endswith("/messages") else None)


def _frame(event: dict[str, Any], name: str | None = None) -> bytes:
    return (f"event: {name}\n" if name else "").encode() + f"data: {json.dumps(event)}\n\n".encode()


def _pieces(text: str) -> list[str]:
    size = max(1, len(text) // 3)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _chunks(answer: dict[str, Any], *, has_usage: bool) -> Iterator[dict[str, Any]]:
    """Chat completions, and completions."""
    told = {name: answer[name] for name in ("id", "created", "model")}
    told |= {"object": f"{answer['object']}.chunk" if answer["object"] == "chat.completion" else answer["object"]}
    told |= {"usage": None} if has_usage else {}
    (choice,) = answer["choices"]
    if "text" in choice:
        deltas = [{"text": piece} for piece in _pieces(choice["text"])]
        last: dict[str, Any] = {"text": ""}
    else:
        message = choice["message"]
        parts = [{"role": "assistant", "content": None if message["content"] is None else ""}]
        for name in ("reasoning_content", "refusal", "content"):
            parts += [{name: piece} for piece in _pieces(message.get(name) or "")]
        deltas, last = [{"delta": part} for part in parts], {"delta": {}}
    for delta in deltas:
        yield told | {"choices": [{"index": 0, "finish_reason": None} | delta]}
    yield told | {"choices": [{"index": 0, "finish_reason": choice["finish_reason"]} | last]}
    if has_usage and "usage" in answer:
        yield told | {"choices": [], "usage": answer["usage"]}


def _responses(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = answer | {"status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": f"response.{what}", "response": begun} for what in ("created", "in_progress")
    ]
    for place, item in enumerate(answer["output"]):
        events.append({"type": "response.output_item.added", "output_index": place, "item": item | {"content": []}})
        for part in item.get("content", []):
            kind = "refusal" if part["type"] == "refusal" else "output_text"
            where = {"output_index": place, "item_id": item["id"], "content_index": 0}
            text = part.get("refusal") or part.get("text") or ""
            events += [{"type": f"response.{kind}.delta", "delta": piece} | where for piece in _pieces(text)]
        events.append({"type": "response.output_item.done", "output_index": place, "item": item})
    events.append({"type": f"response.{answer['status']}", "response": answer})
    for number, event in enumerate(events):
        yield event | {"sequence_number": number}


def _message(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    counts = answer["usage"]
    begun = {"input_tokens": counts["input_tokens"], "output_tokens": 1}
    yield {"type": "message_start", "message": answer | {"content": [], "stop_reason": None, "usage": begun}}
    yield {"type": "ping"}
    for index, block in enumerate(answer["content"]):
        kind = block["type"]
        empty = block | {name: "" for name in ("text", "thinking", "signature") if name in block}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for piece in _pieces(block[kind]):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", kind: piece}}
        if "signature" in block:
            signature = {"type": "signature_delta", "signature": block["signature"]}
            yield {"type": "content_block_delta", "index": index, "delta": signature}
        yield {"type": "content_block_stop", "index": index}
    ended = {name: answer[name] for name in ("stop_reason", "stop_sequence")}
    yield {"type": "message_delta", "delta": ended, "usage": counts}
    yield {"type": "message_stop"}
