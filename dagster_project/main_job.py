"""Run the main job from a script, as the UI would, and leave the runs where the UI shows them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from warehouse.freshness import is_published, mark_published
from warehouse.layout import PROJECT_ROOT, Layout, not_hidden
from warehouse.lock import locked
from warehouse.plain_text import harmless
from warehouse.raw import count_rows

if TYPE_CHECKING:
    import dagster as dg

FIRST_EXPERIMENT = PROJECT_ROOT / "synthetic" / "reasoner" / "local-reasoner.yaml"
"""What an empty warehouse samples: the project's own small reasoners, without a key or a network."""

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
run_monitoring:
  enabled: true
  # A busy machine takes its time.
  start_timeout_seconds: 1800
  # Of a run whose process was killed while the UI was there.
  free_slots_after_run_end_seconds: 30
"""


class RunFailedError(RuntimeError):
    """The main job did not finish; the message names the steps and their reasons."""


def prepare_instance(layout: Layout) -> dict[str, str]:
    """Make Dagster's home and return the environment variables that name it and the warehouse."""
    layout.dagster_home.mkdir(parents=True, exist_ok=True)
    config = layout.dagster_config
    if not config.exists():
        config.write_text(INSTANCE_CONFIG, encoding="utf-8")
    return {"DAGSTER_HOME": str(layout.dagster_home), "WAREHOUSE_ROOT": str(layout.root)}


def offer_first_experiment(layout: Layout) -> bool:
    """Copy the local reasoners' spec into the experiments of a warehouse without samples, logs and experiments.

    Returns:
        Whether it was copied.
    """
    layout.experiments.mkdir(parents=True, exist_ok=True)
    layout.inbox.mkdir(parents=True, exist_ok=True)
    if not_hidden(layout.experiments.iterdir()) or not_hidden(layout.inbox.iterdir()) or count_rows(layout, "samples"):
        return False
    shutil.copyfile(FIRST_EXPERIMENT, layout.experiment(FIRST_EXPERIMENT.name))
    return True


def run_everything(layout: Layout, *, demo: bool = True) -> bool:
    """Sample the local experiments, collect the raw layer and, if anything is new, transform and publish it.

    What `RAW_ROOT` names is fetched first.

    All in this process; progress goes to standard error.

    Providers that cost money are not asked: `incoherence sample`, or a backfill in the UI, does that.

    Args:
        layout: the warehouse.
        demo: let an empty warehouse sample the local reasoners.

    Returns:
        Whether anything was new.

    Raises:
        LockedError: if another one is at work on this warehouse.
        RunFailedError: if a step fails, or a blocking check; or in the end, if a spec cannot be read.
        warehouse.remote.store.RemoteError: if raw files of `RAW_ROOT` cannot be had.
        KeyboardInterrupt: if a step was interrupted, once it has wound up.
    """
    with locked(layout.run_lock, "another `incoherence run` ({holder}) is at work"):
        return _run_everything(layout, demo=demo)


def _run_everything(layout: Layout, *, demo: bool) -> bool:
    prepare_instance(layout)
    import dagster as dg

    from dagster_project.assets.raw_synthetic import OPTIMIZER_SIZES
    from dagster_project.assets.sampling_partitions import PARTITIONS, register
    from dagster_project.dead_runs import end_dead_runs
    from dagster_project.definitions import build_definitions
    from dagster_project.resources import Warehouse
    from warehouse.transform import fetch_raw

    if came := fetch_raw(layout):
        sys.stderr.write(f"{harmless(came)}\n")
    if demo:
        offer_first_experiment(layout)
    definitions = build_definitions(layout, warehouse=Warehouse(root=str(layout.root), echo=True))
    with dg.DagsterInstance.from_config(str(layout.dagster_home)) as instance:
        end_dead_runs(instance)
        registered = register(instance, layout)
        if registered.planned["local"]:
            local = instance.get_dynamic_partitions(str(PARTITIONS["local"].name))
            _run(definitions, "sample_local", instance, local)
        _run(definitions, "collect", instance, OPTIMIZER_SIZES.get_partition_keys())
        is_new = not is_published(layout)
        if is_new:
            _run(definitions, "transform", instance)
            mark_published(layout)
    if registered.problems:
        raise RunFailedError("\n".join(registered.problems))
    return is_new


def _run(definitions: dg.Definitions, job: str, instance: dg.DagsterInstance, partitions: Sequence[str] = ()) -> None:
    """One run of a job, over all of its partitions if it has any."""
    from dagster_project.interruption import is_interrupted

    span = {"start": partitions[0], "end": partitions[-1]} if partitions else {}
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={f"dagster/asset_partition_range_{end}": name for end, name in span.items()},
    )
    if any(map(is_interrupted, result.all_events)):
        raise KeyboardInterrupt
    if not result.success:
        reasons = [
            f"{event.step_key}: {event.event_specific_data.error_display_string}"  # type: ignore[union-attr]
            for event in result.all_events
            if event.is_step_failure and event.step_key
        ]
        raise RunFailedError("\n".join([*reasons, "`incoherence ui` shows the run step by step"]))
