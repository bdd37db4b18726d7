"""Who may talk to a server on this machine: this machine's own programs and pages, not every page in its browser.

A page anywhere can make a browser send requests to 127.0.0.1, or give its own name that address (DNS rebinding). What
gives it away is what the browser says of itself: the Host it asked for, the Origin of the page, and Sec-Fetch-Site.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPBACK_ADDRESS = "127.0.0.1"

LOOPBACK = frozenset({LOOPBACK_ADDRESS, "localhost", "::1"})

FORBIDDEN = 403


class SameOrigin:
    """ASGI middleware that refuses, with status 403, what another site's page sends, over HTTP and WebSocket.

    A request is served if its Host is one of `hosts`, its Origin (where it has one) is that Host, and no browser says
    that another site asked for it, but for a link that a person follows to a page. Programs that are no browsers send
    neither Origin nor Sec-Fetch-Site.

    Args:
        app: what is guarded.
        hosts: names, without port, that the server goes by, beside those of this machine.
        only_by_post: paths at which a GET may change something: a link to them is followed only without a query.
        advice: how to allow another host, for the refusal.
    """

    def __init__(
        self, app: App, hosts: Collection[str] = (), *, only_by_post: Collection[str] = (), advice: str = ""
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK | {host.lower() for host in hosts}
        self._only_by_post = frozenset(only_by_post)
        self._advice = advice

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := self.refusal(scope):
            await _refuse(scope, receive, send, reason)
        else:
            await self._app(scope, receive, send)

    def refusal(self, scope: Message) -> str | None:
        """Why a request is refused; None if it is served."""
        headers: dict[str, list[str]] = {}
        for name, content in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(content.decode("latin-1"))
        hosts = headers.get("host", [])
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name not in self._hosts:
            return f"Host {', '.join(hosts) or '(none)'} is not served; {self._advice}"
        for origin in headers.get("origin", []):
            if urlsplit(origin).netloc.lower() != hosts[0].lower():
                return f"Origin {origin} is another site than {hosts[0]}"
        site = headers.get("sec-fetch-site", ["none"])[0]
        if site not in ("same-origin", "none") and not self._is_followed_link(scope, headers):
            return "another site's page asks for this"
        if scope["type"] == "http" and scope["method"] != "POST" and scope["path"] in self._only_by_post:
            return None if not scope["query_string"] else f"{scope['path']} takes queries by POST alone"
        return None

    def _is_followed_link(self, scope: Message, headers: dict[str, list[str]]) -> bool:
        """A person goes to a page, which loads it and does nothing else."""
        return (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and headers.get("sec-fetch-mode") == ["navigate"]
            and headers.get("sec-fetch-dest") == ["document"]
        )


def _host_name(host: str) -> str | None:
    """The name in a Host header, without the port; None if there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def _refuse(scope: Message, receive: Receive, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # websocket.connect; closed before it is accepted, it is answered with 403
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    body = f"Refused: {reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": FORBIDDEN, "headers": headers})
    await send({"type": "http.response.body", "body": body})
