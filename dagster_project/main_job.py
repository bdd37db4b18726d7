"""Run the main job from a script, as the UI would, and leave the run where the UI shows it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import ingestion
from dagster_project.progress import ECHO
from warehouse.layout import Layout
from warehouse.raw import count_rows

DEMO_LOGS = Path(ingestion.__file__).parent / "demo_logs"

INSTANCE_CONFIG = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    # Everything in one pool takes turns: two writers of one file never meet.
    default_limit: 1
    granularity: op
"""


def prepare_instance(layout: Layout) -> dict[str, str]:
    """Make Dagster's home and return the environment variables that name it and the warehouse."""
    layout.dagster_home.mkdir(parents=True, exist_ok=True)
    config = layout.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(INSTANCE_CONFIG, encoding="utf-8")
    return {
        "DAGSTER_HOME": str(layout.dagster_home),
        "WAREHOUSE_ROOT": str(layout.root),
        # Torch's threads otherwise spin while they wait for each other: with any other work on a two-core machine,
        # training a small transformer was measured three to six times slower.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE"),
    }


def offer_demo_logs(layout: Layout) -> bool:
    """Copy the demonstration logs into the inbox if the warehouse has no samples and the inbox no files."""
    layout.inbox.mkdir(parents=True, exist_ok=True)
    if any(layout.inbox.iterdir()) or count_rows(layout, "imports"):
        return False
    for log in sorted(DEMO_LOGS.glob("*.eval")):
        shutil.copyfile(log, layout.inbox / log.name)
    return True


class RunFailedError(RuntimeError):
    """The main job did not finish; the message names the steps and their reasons."""


def run_everything(layout: Layout, *, demo: bool = True) -> None:
    """Run the job `everything` in this process; progress goes to standard error.

    Args:
        layout: the warehouse.
        demo: on an empty warehouse, import the demonstration logs.

    Raises:
        RunFailedError: if a step fails, or a blocking check.
    """
    os.environ.update(prepare_instance(layout))
    os.environ[ECHO] = "1"
    import dagster as dg

    from dagster_project.definitions import build_definitions
    from dagster_project.partitions import OPTIMIZER_SIZES

    if demo:
        offer_demo_logs(layout)
    sizes = OPTIMIZER_SIZES.get_partition_keys()
    with dg.DagsterInstance.get() as instance:
        result = (
            build_definitions(layout)
            .resolve_job_def("everything")
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={
                    "dagster/asset_partition_range_start": sizes[0],
                    "dagster/asset_partition_range_end": sizes[-1],
                },
            )
        )
    if not result.success:
        reasons = [
            f"{event.step_key}: {event.event_specific_data.error_display_string}"  # type: ignore[union-attr]
            for event in result.all_events
            if event.is_step_failure and event.step_key
        ]
        raise RunFailedError("\n".join([*reasons, "`make ui` shows the run step by step"]))
