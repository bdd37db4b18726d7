"""What serves: the Dagster UI and the small reasoners."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say
from warehouse.environment import complete
from warehouse.layout import Layout


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Open the Dagster UI on 127.0.0.1, with the runs that `incoherence run` made.

    Example: incoherence ui --port 3001
    """
    from dagster_project.main_job import prepare_instance

    layout = Layout.from_env()
    environment = complete() | prepare_instance(layout) | {"PYTHONWARNINGS": "ignore"}
    # -P: files of the current folder must not stand in for packages.
    command = [sys.executable, "-P", "-m", "dagster", "dev", "-m", "dagster_project.definitions"]
    os.chdir(layout.dagster_home)  # Dagster would let a .env file of the current folder override the environment
    os.execve(command[0], [*command, "-h", "127.0.0.1", "-p", str(port)], environment)


@app.command("serve-reasoner")
def serve_reasoner(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for any free one.")] = 8711,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Serve only this size; may be given several times.")
    ] = None,
) -> None:
    """Serve the small reasoners on 127.0.0.1 as OpenAI's API does. No key: a client may send any.

    Example: incoherence serve-reasoner --port 8711
    """
    from synthetic.checkpoint import CheckpointError
    from synthetic.reasoner.server import serve

    try:
        serve(port, models, say)
    except CheckpointError as error:
        fail(str(error), status=2)
    except OSError as error:
        fail(f"--port {port}: {error.strerror or error}; choose another")
