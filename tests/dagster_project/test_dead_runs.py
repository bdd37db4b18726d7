"""A run that was killed is over, and holds nobody up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg

from dagster_project.dead_runs import _is_alive, end_dead_runs
from dagster_project.main_job import prepare_instance
from warehouse.layout import Layout


@dg.op(pool="writer")
def write(context: dg.OpExecutionContext) -> None:
    if "KILLED" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
    assert end_dead_runs(context.instance) == 0, "this one is alive"


@dg.job
def writes() -> None:
    write()


def run(home: str) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.from_config(home) as instance:
        return writes.execute_in_process(instance=instance)


def test_a_killed_run_is_over_and_gives_its_place_in_a_pool_back(tmp_path: Path) -> None:
    home = prepare_instance(Layout(tmp_path))["DAGSTER_HOME"]
    killed = subprocess.run([sys.executable, "-m", __name__, home], env=os.environ | {"KILLED": "1"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with dg.DagsterInstance.from_config(home) as instance:
        (found,) = instance.get_runs()
        assert found.status is dg.DagsterRunStatus.STARTED
        assert instance.event_log_storage.get_concurrency_run_ids() == {found.run_id}
        assert end_dead_runs(instance) == 1
        (found,) = instance.get_runs()
        assert found.status is dg.DagsterRunStatus.FAILURE
        assert not instance.event_log_storage.get_concurrency_run_ids()
        assert end_dead_runs(instance) == 0
    assert run(home).success, "and does not wait for ever"


def test_a_number_that_was_given_again_is_another_process() -> None:
    assert _is_alive(os.getpid(), time.time())
    assert not _is_alive(os.getpid(), time.time() - 10 * 365 * 24 * 3600)


if __name__ == "__main__":
    run(sys.argv[1])
