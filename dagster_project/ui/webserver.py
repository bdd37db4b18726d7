"""`python -P -m dagster_project.ui.webserver WORKSPACE PORT [HOST…]`: Dagster's web server behind `SameOrigin`.

Dagster's own command (`dagster-webserver`) answers whoever asks, also a page of another site in the browser; it has no
place for a guard, so its application is served here.
"""

from __future__ import annotations

import sys

import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from warehouse.same_origin import LOOPBACK_ADDRESS, SameOrigin

ALLOW = "if you reach it by another name, for example through a tunnel: incoherence ui --allow-host NAME"

LIVE_DATA_POLL_MS = 2_000
"""How often open pages ask for news, as `dagster dev` sets it."""


def serve(workspace: str, port: int, hosts: list[str]) -> None:
    """Serve until interrupted.

    Args:
        workspace: the file that names the code server.
        port: on 127.0.0.1.
        hosts: further names that the server goes by.
    """
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, workspace_load_target=WorkspaceFileTarget([workspace]), version=dg.__version__
        ) as context,
    ):
        app = create_app_from_workspace_process_context(context, live_data_poll_rate=LIVE_DATA_POLL_MS)
        # Dagster's page at /graphql takes a query of its address, and a link would send it.
        guarded = SameOrigin(app, hosts, only_by_post=("/graphql",), advice=ALLOW)
        uvicorn.run(guarded, host=LOOPBACK_ADDRESS, port=port, log_level="warning")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
