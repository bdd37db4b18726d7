"""A small HTTP server that speaks OpenAI's and Anthropic's protocols, counts requests, and fails on demand.

Faults are chosen by the model's name: `fault-html` fails every request, `flaky-500-2` fails the first two tries of
each request and then answers. Kinds: 429, 429-after, 500, 503, 529, 400, 401, 404, quota, timeout, cut, cut-body, json,
html, empty, null, wrong, and (answers, not failures) refusal, filter, length, blank. Streamed answers: `streams.py`.

Run on its own: `python -m tests.sampling.server PORT [DELAY_S]`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.sampling.batches import Batches
from tests.sampling.streams import FAULTS, Stream, streamed
from tests.sampling.vendor_contracts import refusal

HTML = b"<html><body>Bad gateway</body></html>"


@dataclass
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    hang: bool = False
    stream: Stream | None = None


class Server:
    """State shared by all connections; read it from the test's thread."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.tries: Counter[str] = Counter()
        self.completions: Counter[str] = Counter()
        self.answered_by_model: Counter[str] = Counter()
        self.embedded: Counter[str] = Counter()
        self.n_seen = 0
        self.last_key = ""
        self.n_requests = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.keep_requests = True
        self.capacity: int | None = None
        self.n_refused = 0
        self.n_broken_contracts = 0
        self.n_streamed = 0
        self.shutdown_dates: dict[str, str | int | None] = {}
        self.port = 0
        self.batches = Batches(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---- one completion

    def complete(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The response body for a request that is answered."""
        model = body["model"]
        n_try = self.completions[_fingerprint(path, body)]
        self.completions[_fingerprint(path, body)] += 1
        self.answered_by_model[model] += 1
        text = json.dumps(body.get("messages") or body.get("input"), ensure_ascii=False)
        number = int(hashlib.sha256(f"{model}{text}{body.get('seed')}{n_try}".encode()).hexdigest(), 16)
        letter = "ABCD"[number % 4]
        if "PROB" in text:
            answer = f"<PROB>{', '.join('0.7' if other == letter else '0.1' for other in 'ABCD')}</PROB>"
        elif "<answer>" in text:
            answer = (
                f"<answer>{letter}</answer>" if "letter of your choice" in text else f"<answer>no {number}</answer>"
            )
        else:
            answer = f"I weigh the options ({number % 1000}).\nANSWER: {letter}"
        refuses, filtered = "refusal" in model, "filter" in model
        cut, blank = "length" in model, "blank" in model
        if "half-thought" in model:  # a server without a reasoning parser
            answer, cut = f"<think>It may be {letter}.\nANSWER: {letter}", True
        elif "open-thought" in model:  # the same, with the opening tag in the template
            cut = number % 2 == 0
            answer = f"It may be {letter}.\nANSWER: {letter}" + ("" if cut else "\n</think>\n\nANSWER: D")
        elif cut:
            answer = "I weigh the opti"
        if blank:
            answer = ""
        if model == "echo":
            answer = f"You ask: {text}\n{answer}"
        if "keyed" in model:
            answer = answer.replace("no ", f"no, your key is {self.last_key}, ")
        usage = {"read": 11, "written": 20 + number % 17, "reasoned": 7 + number % 5}
        if path.endswith("/messages"):
            return self._message(body, answer, usage, refuses=refuses, cut=cut)
        if path.endswith("/responses"):
            return self._responses(body, answer, usage, refuses=refuses, filtered=filtered, cut=cut)
        message: dict[str, Any] = {"role": "assistant", "content": None if refuses else answer}
        message |= {"refusal": "I will not."} if refuses else {}
        message |= {"reasoning_content": f"thought {number}"} if "thinking" in model else {}
        reason = "content_filter" if filtered else "length" if cut else "stop"
        result: dict[str, Any] = {
            "id": f"chatcmpl-{number % 10**9}",
            "object": "chat.completion",
            "created": 1,
            "model": f"{model}-2026-01-01",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        }
        if "nousage" not in model:
            result["usage"] = {
                "prompt_tokens": usage["read"],
                "completion_tokens": usage["written"],
                "total_tokens": usage["read"] + usage["written"],
            }
            if "noreasoning" not in model:
                result["usage"]["completion_tokens_details"] = {"reasoning_tokens": usage["reasoned"]}
        return result

    def continued(self, body: dict[str, Any]) -> dict[str, Any]:
        """The response body for a base model's text."""
        number = int(hashlib.sha256(f"{body['prompt']}{body.get('seed')}".encode()).hexdigest(), 16)
        self.answered_by_model[body["model"]] += 1
        choice = {"index": 0, "text": f" {'ABCD'[number % 4]}", "logprobs": None, "finish_reason": "stop"}
        usage = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}
        return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]} | {
            "choices": [choice],
            "usage": usage,
        }

    def _responses(self, body, answer, usage, *, refuses, filtered, cut):  # type: ignore[no-untyped-def]
        part = {"type": "refusal", "refusal": "I will not."} if refuses else {"type": "output_text", "text": answer}
        part |= {} if refuses else {"annotations": []}
        stopped = {"reason": "content_filter" if filtered else "max_output_tokens"} if filtered or cut else None
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": body["model"],
            "status": "incomplete" if stopped else "completed",
            "incomplete_details": stopped,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "thought"}]},
                {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]},
            ],
            "usage": {
                "input_tokens": usage["read"],
                "output_tokens": usage["written"],
                "total_tokens": usage["read"] + usage["written"],
                "input_tokens_details": {"cached_tokens": 3},
                "output_tokens_details": {"reasoning_tokens": usage["reasoned"]},
            },
        }

    def _message(self, body, answer, usage, *, refuses, cut):  # type: ignore[no-untyped-def]
        content: list[dict[str, Any]] = [] if refuses else [{"type": "text", "text": answer}]
        told: dict[str, Any] = {"input_tokens": usage["read"], "output_tokens": usage["written"]}
        if body.get("thinking", {}).get("type") in ("enabled", "adaptive"):
            content.insert(0, {"type": "thinking", "thinking": "thought", "signature": "s"})
            told["output_tokens_details"] = {"thinking_tokens": usage["reasoned"]}
        reason = "refusal" if refuses else "max_tokens" if cut else "end_turn"
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": told,
        }

    # ---- faults

    def fault(self, kind: str, headers: dict[str, str]) -> Reply | None:
        """The failure of that kind; None for kinds that are answers."""
        if kind in ("400", "401", "404", "429", "429-after", "500", "503", "529"):
            status = int(kind[:3])
            # A careless server: it repeats the key in its error.
            error = {"type": "error", "error": {"type": "some_error", "message": f"no: {_key(headers)}", "code": None}}
            return Reply(status, _json(error), headers={"retry-after": "0.05"} if kind == "429-after" else {})
        if kind == "quota":
            return Reply(429, _json({"error": {"code": "insufficient_quota", "message": "insufficient_quota"}}))
        plain = {
            "json": Reply(200, b'{"id": "x", "choices": ['),
            "html": Reply(200, HTML, "text/html"),
            "html-json": Reply(200, HTML),
            "empty": Reply(200, b"{}"),
            "null": Reply(200, b"null"),
            "wrong": Reply(200, _json({"choices": "no", "content": "no", "output": "no", "usage": 3})),
            "cut": Reply(200, b"", cut_at=0),
            "cut-body": Reply(200, b'{"id": "x", "object": "chat.completion"' + b" " * 500, cut_at=30),
            "timeout": Reply(200, b"", hang=True),
        }
        return plain.get(kind)

    # ---- routing

    def route(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> Reply:
        path = path.split("?")[0]
        self.n_seen += 1
        self.last_key = _key(headers)
        if path == "/v1/models":
            return Reply(200, _json(self._models()))
        if path == "/_counts":
            return Reply(200, _json({"requests": self.n_requests, "completions": dict(self.completions)}))
        if (handled := self.batches.route(method, path, headers, raw)) is not None:
            status, body, content_type = handled
            return Reply(status, body, content_type)
        body = json.loads(raw or b"{}")
        self.n_requests += 1
        if self.keep_requests:
            self.requests.append({"path": path, "body": body})
            self.headers.append(headers)
        model = str(body.get("model", ""))
        if self.capacity is not None and self.in_flight > self.capacity:
            self.n_refused += 1
            return self.fault("429", headers) or Reply(429, b"")
        if (reason := refusal(path, headers, body)) is not None:
            self.n_broken_contracts += 1
            return Reply(400, _json({"type": "error", "error": {"type": "invalid_request_error", "message": reason}}))
        kind = None
        if match := re.match(r"(fault|flaky)-(.+?)(?:-(\d))?$", model):
            fingerprint = _fingerprint(path, body)
            self.tries[fingerprint] += 1
            is_due = match[1] == "fault" or self.tries[fingerprint] <= int(match[3] or 1)
            kind = match[2] if match[1] == "flaky" or not match[3] else f"{match[2]}-{match[3]}"
            kind = kind if is_due else None
            if kind is not None and (failure := self.fault(kind, headers)):
                return failure
        if path.endswith("/embeddings"):
            self.embedded.update(body["input"] if isinstance(body["input"], list) else [body["input"]])
            return Reply(200, _json(_embeddings(body)))
        if path.endswith("/v1/completions"):
            return self._answer(path, body, self.continued(body), kind)
        if path.endswith(("/chat/completions", "/responses", "/messages")):
            return self._answer(path, body, self.complete(path, body), kind)
        return Reply(404, _json({"error": {"message": f"no such path {path}"}}))

    def _answer(self, path: str, body: dict[str, Any], answer: dict[str, Any], kind: str | None) -> Reply:
        if not body.get("stream") or "deaf" in body["model"]:
            return Reply(200, _json(answer))
        self.n_streamed += 1
        stream = streamed(path, body, answer, kind if kind in FAULTS else None)
        return Reply(200, b"", "text/event-stream; charset=utf-8", stream=stream)

    def _models(self) -> dict[str, Any]:
        known = {"object": "model", "created": 1, "owned_by": "openai"}
        rows = [known | {"id": name, "shutdown_date": date} for name, date in self.shutdown_dates.items()]
        return {"object": "list", "data": rows}

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode("latin-1").rstrip().split("\r\n")
                method, path, _ = request.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    reply = self.route(method, path, headers, raw)
                    if self.delay_s and method == "POST":
                        await asyncio.sleep(self.delay_s)
                    if reply.hang:
                        await asyncio.sleep(3600)
                finally:
                    self.in_flight -= 1
                extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
                if reply.stream is not None:
                    if await self._stream(writer, reply):
                        continue
                    break
                writer.write(
                    f"HTTP/1.1 {reply.status} X\r\ncontent-type: {reply.content_type}\r\n"
                    f"content-length: {len(reply.body)}\r\n{extra}\r\n".encode()
                    if reply.cut_at != 0
                    else b""
                )
                writer.write(reply.body if reply.cut_at is None else reply.body[: reply.cut_at])
                await writer.drain()
                if reply.cut_at is not None:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        """Send a stream, its second half a while after the first; False if the connection is to be cut."""
        assert reply.stream is not None
        frames, half = reply.stream.frames, len(reply.stream.frames) // 2
        writer.write(
            f"HTTP/1.1 200 X\r\ncontent-type: {reply.content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        for part in (frames[:half], frames[half:]):
            writer.write(b"".join(f"{len(frame):x}\r\n".encode() + frame + b"\r\n" for frame in part))
            await writer.drain()
            await asyncio.sleep(self.delay_s)
        if reply.stream.hangs:
            await asyncio.sleep(3600)
        if reply.stream.is_cut:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@contextmanager
def running(delay_s: float = 0.0):  # type: ignore[no-untyped-def]
    """A server in a thread of its own."""
    server = Server(delay_s)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        listener = await asyncio.start_server(server.connection, "127.0.0.1", 0, backlog=1024)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.Event().wait()

    task = loop.create_task(serve())

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            others = asyncio.all_tasks(loop)
            for other in others:
                other.cancel()
            loop.run_until_complete(asyncio.gather(*others, return_exceptions=True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.close()


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = []
    for index, text in enumerate(texts):
        vector = [
            (byte - 127.5) / 127.5 for byte in hashlib.sha256(text.encode()).digest()[: body.get("dimensions", 8)]
        ]
        packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        embedding = packed if body.get("encoding_format") == "base64" else vector
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    usage = {"prompt_tokens": 3 * len(texts), "total_tokens": 3 * len(texts)}
    return {"object": "list", "model": body["model"], "data": data, "usage": usage}


def _key(headers: dict[str, str]) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", "")


def _fingerprint(path: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(_json([path, body])).hexdigest()[:16]


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


async def _main(port: int, delay_s: float) -> None:
    server = Server(delay_s)
    server.keep_requests = False
    listener = await asyncio.start_server(server.connection, "127.0.0.1", port, backlog=1024)
    server.port = listener.sockets[0].getsockname()[1]
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
