"""Data sets are downloaded once, from a server that may ask for a token or fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingestion.sampling import TaskError
from ingestion.sampling.questions.download import fetch

TOKEN = "hf_test_1234567890"


class Hub(BaseHTTPRequestHandler):
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
        elif self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/file")
        elif self.path == "/gated" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.send_response(403, f"no: {self.headers.get('Authorization')}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "4" if self.path in ("/file", "/gated") else "0")
        self.end_headers()
        if self.path in ("/file", "/gated"):
            self.wfile.write(b"data")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_is_downloaded_once(hub: str, tmp_path: Path) -> None:
    path = tmp_path / "downloads" / "file"
    for _ in range(2):
        assert fetch(f"{hub}/moved", path, advice="by hand").read_bytes() == b"data"
    assert [path for path, _ in Hub.asked] == ["/moved", "/file"]


def test_a_token_goes_to_the_hub_alone(hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetch(f"{hub}/gated", tmp_path / "gated", advice="by hand", is_gated=True).read_bytes() == b"data"
    fetch(f"{hub}/elsewhere", tmp_path / "moved", advice="by hand", is_gated=True)
    assert [token for _, token in Hub.asked] == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", None]


def test_what_cannot_be_had_is_told_with_the_way_by_hand(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_token")
    with pytest.raises(TaskError, match=r"/gated: cannot be downloaded \(.*403.*\); get it by hand") as failed:
        fetch(f"{hub}/gated", tmp_path / "gated", advice="get it by hand", is_gated=True)
    assert "hf_wrong_token" not in str(failed.value)
    assert list(tmp_path.iterdir()) == []
