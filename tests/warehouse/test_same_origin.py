"""What a browser says of a request decides whether it is served."""

from __future__ import annotations

import pytest

from warehouse.same_origin import SameOrigin

GUARD = SameOrigin(lambda scope, receive, send: None, ["My-Tunnel.example"], only_by_post=("/graphql",))  # type: ignore[arg-type,return-value]
CROSS = {"Sec-Fetch-Site": "cross-site"}
LINK = CROSS | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def refusal(
    headers: dict[str, str], *, method: str = "GET", path: str = "/", query: bytes = b"", kind: str = "http"
) -> str | None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return GUARD.refusal({"type": kind, "method": method, "path": path, "query_string": query, "headers": pairs})


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost", "LOCALHOST:8080", "[::1]:3000", "my-tunnel.example"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_its_own_pages_and_programs_are_served(host: str, kind: str) -> None:
    assert refusal({"Host": host}, kind=kind) is None
    assert refusal({"Host": host, "Origin": f"http://{host}"}, kind=kind) is None
    assert refusal({"Host": host, "Origin": f"https://{host}", "Sec-Fetch-Site": "same-origin"}, kind=kind) is None
    assert refusal({"Host": host, "Sec-Fetch-Site": "none"}, kind=kind) is None, "typed into the address bar"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": ""},
        {"Host": "evil.example"},
        {"Host": "evil.example:3000"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": "[::1"},
        {"Host": "localhost:3000", "Origin": "http://evil.example"},
        {"Host": "localhost:3000", "Origin": "http://localhost:8888"},
        {"Host": "localhost:3000", "Origin": "null"},
        {"Host": "localhost:3000", "Origin": ""},
        {"Host": "localhost:3000", "Origin": "http://localhost:3000.evil.example"},
        {"Host": "localhost:3000", "Sec-Fetch-Site": "cross-site"},
        {"Host": "localhost:3000", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], kind: str) -> None:
    assert refusal(headers, kind=kind)


def test_two_hosts_are_refused() -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    assert GUARD.refusal(scope | {"headers": [(b"host", b"localhost"), (b"host", b"evil.example")]})


def test_a_link_is_followed_to_a_page_but_not_to_a_query() -> None:
    here = {"Host": "localhost:3000"}
    assert refusal(here | LINK, path="/runs/1", query=b"a=1") is None
    assert refusal(here | LINK | {"Sec-Fetch-Dest": "iframe"}, path="/runs/1")
    assert refusal(here | LINK, method="POST")
    assert refusal(here | CROSS, path="/runs/1"), "an image or a script"
    assert refusal(here | LINK, path="/graphql", query=b"query=mutation{x}")
    assert refusal(here, path="/graphql", query=b"query=mutation{x}")
    assert refusal(here | LINK, path="/graphql") is None
    assert refusal(here, path="/graphql", method="POST") is None
    assert refusal(here, path="/graphql", kind="websocket") is None
