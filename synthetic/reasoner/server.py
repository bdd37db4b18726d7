"""The family behind OpenAI's chat protocol, on this machine alone.

`POST /v1/chat/completions` and `GET /v1/models`. Requests that arrive while a batch is being generated make the next
batch, so that many concurrent clients are served at about the speed of one large call.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from synthetic.checkpoint import CheckpointError
from synthetic.reasoner.batching import Ask, Batcher, Settings
from synthetic.reasoner.data import MAX_COMPLETION_TOKENS
from synthetic.reasoner.family import CHECKPOINTS, SIZES, size_named
from synthetic.reasoner.generate import Generation, LocalReasoner
from synthetic.reasoner.task import BUDGETS, PromptError, encode_prompt

HOST = "127.0.0.1"
"""The server has no keys and no limits, so it is not offered to other machines."""

DEFAULT_PORT = 8_711
LARGEST_BODY_BYTES = 1_000_000
MAX_TEMPERATURE = 2.0
CLIENT_TIMEOUT_S = 300.0
BACKLOG = 512


class RequestError(ValueError):
    """A request that cannot be served.

    Attributes:
        status: of the response.
        param: the field that is wrong, if one is.
    """

    def __init__(self, message: str, param: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


def parse_ask(body: Any) -> Ask:
    """What a chat request asks for.

    Fields that are read: messages, seed (random if missing), temperature (1 if missing), max_tokens or
    max_completion_tokens, reasoning_effort (low, medium, high), n (1), stream (false). Others are ignored, as other
    compatible servers do.

    Raises:
        RequestError: names the field, the value and the fix.
    """
    if not isinstance(body, Mapping):
        raise RequestError("the body is no JSON object")
    if body.get("stream"):
        raise RequestError("stream: is not offered; leave it out", "stream")
    if body.get("n") not in (None, 1):
        raise RequestError(f"n: got {body['n']!r}; send one request for each completion", "n")
    budget = body.get("reasoning_effort")
    if budget is not None and budget not in BUDGETS:
        raise RequestError(f"reasoning_effort: got {budget!r}; use one of {', '.join(BUDGETS)}", "reasoning_effort")
    temperature = body.get("temperature")
    temperature = 1.0 if temperature is None else temperature
    if not _is_number(temperature) or not 0 <= temperature <= MAX_TEMPERATURE:
        raise RequestError(f"temperature: got {temperature!r}; use a number from 0 to {MAX_TEMPERATURE}", "temperature")
    limit_field = "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"
    limit = body.get(limit_field)
    limit = MAX_COMPLETION_TOKENS if limit is None else limit
    if not _is_integer(limit) or limit < 1:
        raise RequestError(f"{limit_field}: got {limit!r}; use a whole number of at least 1", limit_field)
    seed = body.get("seed")
    seed = secrets.randbits(63) if seed is None else seed
    if not _is_integer(seed):
        raise RequestError(f"seed: got {seed!r}; use a whole number", "seed")
    prompt = "\n".join(_texts(body.get("messages")))
    try:
        encode_prompt(prompt, budget)
    except PromptError as error:
        raise RequestError(f"messages: {error}", "messages") from error
    return Ask(prompt, seed, Settings(float(temperature), min(limit, MAX_COMPLETION_TOKENS), budget))


def _texts(messages: Any) -> list[str]:
    if not isinstance(messages, list) or not messages:
        raise RequestError("messages: got none; send the prompt as one user message", "messages")
    texts = []
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, list):
            parts = [part.get("text") if isinstance(part, Mapping) else None for part in content]
            texts_of_parts = [part for part in parts if isinstance(part, str)]
            content = "\n".join(texts_of_parts) if len(texts_of_parts) == len(parts) else None
        if not isinstance(content, str):
            raise RequestError("messages: every message needs a text as its content", "messages")
        texts.append(content)
    return texts


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def chat_completion(model: str, generation: Generation) -> dict[str, Any]:
    """A generation as OpenAI's chat completion object; the reasoning is in the message's `reasoning_content`."""
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": generation.text,
                    "reasoning_content": generation.reasoning,
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": generation.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": generation.n_prompt_tokens,
            "completion_tokens": generation.n_output_tokens,
            "total_tokens": generation.n_prompt_tokens + generation.n_output_tokens,
            "completion_tokens_details": {"reasoning_tokens": generation.n_reasoning_tokens},
        },
    }


class _Handler(BaseHTTPRequestHandler):
    server: ReasonerServer
    protocol_version = "HTTP/1.1"
    timeout = CLIENT_TIMEOUT_S
    # Headers and body go out in one packet each; waiting for an acknowledgement between them costs 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Models."""
        if self.path.partition("?")[0].rstrip("/") == "/v1/models":
            models = [{"id": name, "object": "model", "created": 0, "owned_by": "local"} for name in self.server.names]
            self._send(HTTPStatus.OK, {"object": "list", "data": models})
        else:
            self._refuse(RequestError(f"no such address: {self.path}", status=HTTPStatus.NOT_FOUND))

    def do_POST(self) -> None:
        """Chat completions."""
        try:
            body = self._body()
            if self.path.partition("?")[0].rstrip("/") != "/v1/chat/completions":
                raise RequestError(f"no such address: {self.path}", status=HTTPStatus.NOT_FOUND)
            ask = parse_ask(body)
            name = body.get("model")
            batcher = self.server.batcher(name)
            generation = batcher.submit(ask).result()
        except RequestError as error:
            self._refuse(error)
        except (CheckpointError, RuntimeError) as error:
            self._refuse(RequestError(str(error), status=HTTPStatus.INTERNAL_SERVER_ERROR))
        else:
            self._send(HTTPStatus.OK, chat_completion(name, generation))

    def _body(self) -> Any:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= LARGEST_BODY_BYTES:
            self.close_connection = True
            raise RequestError(f"Content-Length: send one of at most {LARGEST_BODY_BYTES:,} bytes")
        try:
            return json.loads(self.rfile.read(length))
        except (ValueError, RecursionError) as error:
            raise RequestError("the body is no JSON") from error

    def _refuse(self, error: RequestError) -> None:
        kind = "invalid_request_error" if error.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        detail = {"message": str(error), "type": kind, "param": error.param, "code": None}
        self._send(error.status, {"error": detail})

    def _send(self, status: HTTPStatus, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: they are many, and their prompts are their senders' own."""


class ReasonerServer(ThreadingHTTPServer):
    """The server; a context manager that serves in a thread of its own.

    Args:
        names: models to serve; all sizes if not given. Each is loaded when it is first asked for.
        port: 0 for any free one.
        folder: of the checkpoints.

    Raises:
        OSError: if the port is taken.
    """

    daemon_threads = True
    request_queue_size = BACKLOG

    def __init__(self, names: Sequence[str] | None = None, port: int = 0, folder: Path = CHECKPOINTS) -> None:
        self.names = tuple(size_named(name).name for name in names) if names else tuple(size.name for size in SIZES)
        self._batchers = {name: Batcher(partial(LocalReasoner.load, name, folder)) for name in self.names}
        super().__init__((HOST, port), _Handler)

    @property
    def base_url(self) -> str:
        """What to give an OpenAI client as its `base_url`."""
        return f"http://{HOST}:{self.server_port}/v1"

    def batcher(self, name: Any) -> Batcher:
        """The queue of a model.

        Raises:
            RequestError: if it is not served.
        """
        if not isinstance(name, str) or name not in self._batchers:
            raise RequestError(
                f"model: there is no {name!r}; use one of {', '.join(self.names)}", "model", HTTPStatus.NOT_FOUND
            )
        return self._batchers[name]

    def __enter__(self) -> ReasonerServer:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def server_close(self) -> None:
        """Close the socket and end the models' threads."""
        super().server_close()
        for batcher in self._batchers.values():
            batcher.close()


def serve(port: int = DEFAULT_PORT, names: Sequence[str] | None = None, report: Callable[[str], None] = print) -> None:
    """Serve until interrupted.

    Raises:
        OSError: if the port is taken.
    """
    with ReasonerServer(names, port) as server:
        report(f"Serving {', '.join(server.names)} at {server.base_url} (Ctrl-C ends it)")
        try:
            Event().wait()
        except KeyboardInterrupt:
            report("Stopped")
