"""The processes behind the UI: the code server that loads the graph, the web server, and the daemon of the sensors.

What `dagster dev` starts, but that the web server is guarded, that loading may take as long as it takes, and that no
process outlives this one.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from warehouse.same_origin import LOOPBACK_ADDRESS
from warehouse.tell import Tell

LOCATION = "dagster_project"
MODULE = "dagster_project.definitions"
SAID_EVERY_S = 10.0
GRACE_S = 30.0


class ServiceError(RuntimeError):
    """A process of the UI could not start, or has ended; the message names it."""


def check_port(port: int) -> None:
    """Fail before anything is started if the port is taken.

    Raises:
        OSError: if it is.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK_ADDRESS, port))


def run_services(environment: Mapping[str, str], folder: Path, port: int, hosts: list[str], say: Tell) -> None:
    """Run the UI until it is interrupted; then end its processes.

    Args:
        environment: of the processes; names the warehouse and Dagster's home.
        folder: in which they run.
        port: of the web server, on 127.0.0.1.
        hosts: further names that the web server goes by.
        say: called with a line for people.

    Raises:
        ServiceError: if a process ends by itself.
    """
    with ExitStack() as stack:
        # Not in the warehouse: the path of a socket may have about a hundred characters.
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="incoherence-ui-")))
        workspace, code = run / "workspace.yaml", run / "code.sock"
        location = {"socket": str(code), "location_name": LOCATION}
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": location}]}), encoding="utf-8")
        processes: dict[str, subprocess.Popen[bytes]] = {}

        def start(name: str, *command: str) -> None:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dagster_project.ui.child", *command],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for this process, which ends the others in order
            )
            processes[name] = process
            stack.callback(_end, process)

        code_server = ("dagster", "code-server", "start", "--module-name", MODULE, "--location-name", LOCATION)
        start("code server", *code_server, "--socket", str(code), "--log-level", "warning")
        _wait_for(code, processes["code server"], say)
        start("daemon", "dagster._daemon", "run", "--workspace", str(workspace), "--log-level", "warning")
        start("web server", "dagster_project.ui.webserver", str(workspace), str(port), *hosts)
        _wait_for_port(port, processes["web server"])
        say(f"The UI is at http://{LOOPBACK_ADDRESS}:{port} (Ctrl-C ends it)")
        while True:
            _check(processes)
            time.sleep(1)


def _wait_for(code: Path, process: subprocess.Popen[bytes], say: Tell) -> None:
    """Wait until the graph is loaded, however long that takes, and say so from time to time."""
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(socket=str(code))
    started = said = time.monotonic()
    say("Loading the graph of assets …")
    while True:
        _check({"code server": process})
        if code.exists() and _answers(client):
            return
        if time.monotonic() - said >= SAID_EVERY_S:
            said = time.monotonic()
            say(f"Still loading the graph of assets ({said - started:.0f} s); other work may slow it down")
        time.sleep(0.2)


def _answers(client: object) -> bool:
    from dagster._core.errors import DagsterUserCodeUnreachableError

    try:
        client.ping("")  # type: ignore[attr-defined]
    except DagsterUserCodeUnreachableError:
        return False
    return True


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while True:
        _check({"web server": process})
        try:
            socket.create_connection((LOOPBACK_ADDRESS, port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return


def _check(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise ServiceError(f"the {name} of the UI has ended with status {process.returncode}; its reason is above")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
