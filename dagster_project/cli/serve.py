"""What serves: the Dagster UI and the small reasoners."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say
from warehouse.environment import complete
from warehouse.layout import Layout

AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host", help="A further name that you reach it by, as through a tunnel; may be given several times."
    ),
]


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")] = 3000,
    allow_host: AllowedHosts = None,
) -> None:
    """Open the Dagster UI on 127.0.0.1, with the runs that `incoherence run` made.

    It answers this machine's programs and its own pages; pages of other sites in your browser are refused.

    Example: incoherence ui --port 3001
    """
    import dagster as dg

    from dagster_project.dead_runs import end_dead_runs
    from dagster_project.main_job import prepare_instance
    from dagster_project.ui.services import ServiceError, check_port, run_services
    from warehouse.transform import manifest

    layout = Layout.from_env()
    try:
        check_port(port)
    except OSError as error:
        fail(f"--port {port}: {error.strerror or error}; choose another")
    environment = complete() | prepare_instance(layout) | {"PYTHONWARNINGS": "ignore"}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends a service is as good as Ctrl-C
    say("Reading the dbt project (half a minute, where it has changed) …")
    manifest(layout)
    with dg.DagsterInstance.from_config(str(layout.dagster_home)) as instance:
        end_dead_runs(instance)
    try:
        # Not in the current folder: Dagster would let a .env file there override the environment.
        run_services(environment, layout.dagster_home, port, allow_host or [], say)
    except ServiceError as error:
        fail(str(error))
    except KeyboardInterrupt:
        say("Stopped")


@app.command("serve-reasoner")
def serve_reasoner(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for any free one.")] = 8711,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Serve only this size; may be given several times.")
    ] = None,
    allow_host: AllowedHosts = None,
) -> None:
    """Serve the small reasoners on 127.0.0.1 as OpenAI's API does. No key: a client may send any.

    Example: incoherence serve-reasoner --port 8711
    """
    from synthetic.checkpoint import CheckpointError
    from synthetic.reasoner.server import serve

    try:
        serve(port, models, say, allow_host or [])
    except CheckpointError as error:
        fail(str(error), status=2)
    except OSError as error:
        fail(f"--port {port}: {error.strerror or error}; choose another")
