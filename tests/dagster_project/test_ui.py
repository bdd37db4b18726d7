"""The UI as a browser meets it: over real HTTP and WebSocket, from its own pages and from those of other sites."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.resources import Warehouse
from warehouse.layout import Layout

MUTATION = "mutation { reloadWorkspace { __typename } }"
VERSION = json.dumps({"query": "{ version }"})
JSON = {"Content-Type": "application/json"}
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}


class Ui:
    """A running UI."""

    def __init__(self, root: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        (folder / ".env").write_text("WAREHOUSE_ROOT=/nowhere\n")  # the environment counts before it
        command = [sys.executable, "-P", "-m", "dagster_project.cli", "ui", "--port", str(self.port)]
        command += ["--allow-host", "tunnel.example"]
        environment = os.environ | {"WAREHOUSE_ROOT": str(root)}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.said = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.startswith("The UI is at"):
                return
        raise AssertionError(f"the UI did not start: {self.said}")

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> int:
        """The status of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def children(self) -> set[int]:
        """Processes that it started."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = (map(int, line.split()) for line in listed.splitlines())
        return {pid for pid, parent in pairs if parent == self.process.pid}


@pytest.fixture(scope="module")
def ui(definitions: dg.Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    warehouse = (definitions.resources or {})["warehouse"]
    assert isinstance(warehouse, Warehouse)
    layout = Layout(tmp_path_factory.mktemp("ui"))
    shutil.copytree(warehouse.layout.dbt_target, layout.dbt_target)
    running = Ui(layout.root, tmp_path_factory.mktemp("folder"))
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(60)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_other_sites_send_no_mutation(ui: Ui, headers: dict[str, str]) -> None:
    query = f"/graphql?query={MUTATION.replace(' ', '%20')}"
    assert ui.ask("GET", query, headers) == 403
    assert ui.ask("POST", query, headers | {"Content-Type": "text/plain"}, "") == 403
    assert ui.ask("POST", "/graphql", headers | JSON, json.dumps({"query": MUTATION})) == 403
    assert ui.ask("GET", "/graphql", headers | HANDSHAKE) == 403
    assert ui.ask("GET", "/", headers) == 403


def test_its_own_pages_programs_and_tunnels_are_served(ui: Ui) -> None:
    for host in (f"127.0.0.1:{ui.port}", f"localhost:{ui.port}", "tunnel.example"):
        own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert ui.ask("POST", "/graphql", own | JSON, VERSION) == 200
        assert ui.ask("GET", "/graphql", own | HANDSHAKE) == 101
    assert ui.ask("POST", "/graphql", JSON, VERSION) == 200
    assert ui.ask("GET", "/assets", {}) == 200
    assert ui.ask("GET", f"/graphql?query={MUTATION.replace(' ', '%20')}", {}) == 403, "a link could say that"


def test_it_says_what_it_waits_for_and_shows_the_whole_graph(ui: Ui) -> None:
    assert ui.said[:2] == [
        "Reading the dbt project (half a minute, where it has changed) …",
        "Loading the graph of assets …",
    ]
    connection = http.client.HTTPConnection("127.0.0.1", ui.port, timeout=60)
    connection.request("POST", "/graphql", json.dumps({"query": "{ assetNodes { id } }"}), JSON)
    assert len(json.loads(connection.getresponse().read())["data"]["assetNodes"]) > 100
    connection.close()


def test_its_processes_end_with_it_however_it_ends(ui: Ui) -> None:
    waiting = ui.children()
    assert len(waiting) == 3
    ui.process.kill()
    ui.process.wait()
    deadline = time.monotonic() + 60
    while waiting and time.monotonic() < deadline:
        waiting = {pid for pid in waiting if _is_alive(pid)}
        time.sleep(0.1)
    assert not waiting


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
