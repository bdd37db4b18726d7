"""The family behind OpenAI's chat protocol, on this machine alone.

`POST /v1/chat/completions` and `GET /v1/models`. Requests that arrive while a batch is being generated make the next
batch, so that many concurrent clients are served at about the speed of one large call.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Collection, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from synthetic.checkpoint import CheckpointError
from synthetic.reasoner.batching import Batcher
from synthetic.reasoner.family import CHECKPOINTS, SIZES, size_named
from synthetic.reasoner.generate import LocalReasoner
from synthetic.reasoner.protocol import RequestError, chat_completion, error_object, parse_ask
from warehouse.same_origin import LOOPBACK_ADDRESS, SameOrigin
from warehouse.tell import Tell

DEFAULT_PORT = 8_711
LARGEST_BODY_BYTES = 1_000_000
BODY_TIMEOUT_S = 60.0
MOST_CONNECTIONS = 512
"""More are answered with 503 at once. A process may have about a thousand files open."""

ALLOW = "if you reach it by another name, for example through a tunnel: incoherence serve-reasoner --allow-host NAME"


class ReasonerServer:
    """The server; a context manager that serves in a thread of its own.

    It has no keys and no limits on use, so it is offered to this machine alone, and not to other sites' pages in its
    browser.

    Args:
        names: models to serve; all sizes if not given. Each is loaded when it is first asked for.
        port: 0 for any free one.
        folder: of the checkpoints.
        hosts: further names that the server goes by.

    Raises:
        OSError: if the port is taken.
    """

    def __init__(
        self,
        names: Sequence[str] | None = None,
        port: int = 0,
        folder: Path = CHECKPOINTS,
        hosts: Collection[str] = (),
    ) -> None:
        self.names = tuple(size_named(name).name for name in names) if names else tuple(size.name for size in SIZES)
        self._batchers = {name: Batcher(partial(LocalReasoner.load, name, folder)) for name in self.names}
        self._socket = socket.create_server((LOOPBACK_ADDRESS, port), backlog=MOST_CONNECTIONS)
        self.server_port: int = self._socket.getsockname()[1]
        routes = [
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        app = Starlette(routes=routes, exception_handlers={RequestError: _refuse, HTTPException: _no_such_address})
        self._server = uvicorn.Server(
            uvicorn.Config(
                SameOrigin(app, hosts, advice=ALLOW),
                log_level="error",
                access_log=False,  # requests are many, and their prompts are their senders' own
                limit_concurrency=MOST_CONNECTIONS,
                lifespan="off",
                ws="none",
            )
        )
        self._thread = Thread(target=partial(self._server.run, sockets=[self._socket]), daemon=True)

    @property
    def base_url(self) -> str:
        """What to give an OpenAI client as its `base_url`."""
        return f"http://{LOOPBACK_ADDRESS}:{self.server_port}/v1"

    def __enter__(self) -> ReasonerServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        for batcher in self._batchers.values():
            batcher.close()

    async def _models(self, request: Request) -> JSONResponse:
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "local"} for name in self.names]
        return JSONResponse({"object": "list", "data": models})

    async def _chat(self, request: Request) -> JSONResponse:
        body = await _json(request)
        ask = parse_ask(body)
        name = body.get("model")
        if not isinstance(name, str) or name not in self._batchers:
            raise RequestError(
                f"model: there is no {name!r}; use one of {', '.join(self.names)}", "model", HTTPStatus.NOT_FOUND
            )
        try:
            generation = await asyncio.wrap_future(self._batchers[name].submit(ask))
        except (CheckpointError, RuntimeError) as error:
            raise RequestError(str(error), status=HTTPStatus.INTERNAL_SERVER_ERROR) from error
        return JSONResponse(chat_completion(name, generation))


async def _json(request: Request) -> Any:
    """The body, read only as far as it may be long.

    Raises:
        RequestError: if it is too long, too slow or no JSON.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST_BODY_BYTES:
        raise RequestError(f"Content-Length: send one of at most {LARGEST_BODY_BYTES:,} bytes")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return json.loads(await request.body())
    except TimeoutError as error:
        raise RequestError("the body did not come", status=HTTPStatus.REQUEST_TIMEOUT) from error
    except ClientDisconnect as error:
        raise RequestError("the client has gone") from error
    except (ValueError, RecursionError) as error:
        raise RequestError("the body is no JSON") from error


def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)
    return JSONResponse(error_object(error), error.status)


def _no_such_address(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse(error_object(RequestError(message, status=HTTPStatus(error.status_code))), error.status_code)


def serve(
    port: int = DEFAULT_PORT,
    names: Sequence[str] | None = None,
    say: Tell = print,
    hosts: Collection[str] = (),
) -> None:
    """Serve until interrupted.

    Raises:
        OSError: if the port is taken.
    """
    with ReasonerServer(names, port, hosts=hosts) as server:
        say(f"Serving {', '.join(server.names)} at {server.base_url} (Ctrl-C ends it)")
        try:
            # Not one long wait: the system may hand Ctrl-C to the server's thread, which does not wake this one.
            while not Event().wait(0.2):
                pass
        except KeyboardInterrupt:
            say("Stopped")
