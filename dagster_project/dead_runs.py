"""Runs whose process is gone: it was killed, or the machine went down.

Dagster goes on to take them for running, and to hold their places in pools, for which every later run waits for ever.
"""

from __future__ import annotations

import dagster as dg
import psutil

GONE = "The process of this run is gone: it was killed, or the machine went down. Run it again to go on."


def end_dead_runs(instance: dg.DagsterInstance) -> int:
    """Tell Dagster of runs that are over, and free their places in pools.

    A Dagster home belongs to one machine: whether a process is alive is asked of this one.

    Returns:
        How many runs were taken for running.
    """
    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    dead = [run for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)) if _is_dead(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(run, GONE)
    storage = instance.event_log_storage
    for run_id in storage.get_concurrency_run_ids():
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)
    return len(dead)


def _is_dead(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the run has told of its processes, and none of them is there any more."""
    events = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT).records
    told = [
        (int(str(pid.value)), record.event_log_entry.timestamp)
        for record in events
        if (event := record.event_log_entry.dagster_event) and (pid := event.engine_event_data.metadata.get("pid"))
    ]
    return bool(told) and not any(_is_alive(pid, since) for pid, since in told)


def _is_alive(pid: int, told_at: float) -> bool:
    """Whether the process that had this number at a time has it still; a number is given again."""
    try:
        return bool(psutil.Process(pid).create_time() <= told_at)
    except psutil.NoSuchProcess:
        return False
