"""Trainings in processes of their own: killed in the middle, and many that train together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from synthetic.config import ExperimentConfig
from synthetic.experiment import TrainingResult, progress_path, train_model
from synthetic.machine import CPU
from synthetic.run import run_experiment
from tests.synthetic.conftest import with_training
from warehouse.layout import PROJECT_ROOT, Layout

SAVING_OFTEN = """
import sys, pathlib, torch
from synthetic import training
from synthetic.config import ExperimentConfig
from synthetic.experiment import train_model
from synthetic.machine import Machine, join_world
from warehouse.layout import Layout

torch.set_num_threads(1)
training.SAVE_EVERY_S = 0
config = ExperimentConfig.from_json(pathlib.Path(sys.argv[1]).read_text())
with join_world("cpu") as world:
    train_model(config, "one-s1", Layout(pathlib.Path(sys.argv[2])), machine=Machine(world))
"""


@pytest.fixture
def config(tiny: ExperimentConfig) -> ExperimentConfig:
    return with_training(tiny, n_steps=400, log_every=5, validate_every=50)


RUNNING_IN_SLICES = """
import sys, pathlib, torch
from synthetic import rollout_files
from synthetic.config import ExperimentConfig
from synthetic.machine import Machine, Slice, TimeIsUpError, join_world
from synthetic.run import run_experiment
from warehouse.layout import Layout

torch.set_num_threads(1)
rollout_files.SPAN_ROWS = 24
config = ExperimentConfig.from_json(pathlib.Path(sys.argv[1]).read_text())
with join_world("cpu") as world:
    # In the second slice the first process has time for all of it, the second for none of its rollouts.
    slices = {"training": 0, "rollouts": None if world.is_first else 0, "rest": None}
    for name, minutes in slices.items():
        try:
            run_experiment(config, Layout(pathlib.Path(sys.argv[2])), Machine(world, Slice(minutes)))
        except TimeIsUpError as error:
            print(f"{name}: process {world.rank}: {error}", flush=True)
        world.any(False)  # the next slice begins with what both have left
"""

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def start(
    config: ExperimentConfig, folder: Path, root: Path, *launcher: str, text: str = SAVING_OFTEN
) -> subprocess.Popen[bytes]:
    script, settings = folder / "train.py", folder / "config.json"
    script.write_text(text)
    settings.write_text(config.to_json())
    command = [sys.executable, *launcher, str(script), str(settings), str(root)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    return subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE)


def losses_of(result: TrainingResult) -> pa.Table:
    return pq.read_table(result.path, partitioning=None).drop("ingested_at")


def test_a_killed_training_goes_on_to_bit_equal_losses_and_weights(config: ExperimentConfig, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "killed")
    process = start(config, tmp_path, layout.root)
    while not progress_path(config, "one-s1", layout).is_file():
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    lines: list[str] = []
    resumed = train_model(config, "one-s1", layout, lines.append)
    assert any("going on at step" in line for line in lines)
    whole = train_model(config, "one-s1", Layout(tmp_path / "whole"))
    assert losses_of(resumed).equals(losses_of(whole))
    assert resumed.checkpoint.read_bytes() == whole.checkpoint.read_bytes()


def test_two_processes_under_torchrun_learn_what_one_does(tiny: ExperimentConfig, tmp_path: Path) -> None:
    config = with_training(tiny, n_steps=30)
    layout = Layout(tmp_path / "two")
    assert start(config, tmp_path, layout.root, *TORCHRUN).wait() == 0
    alone = train_model(config, "one-s1", Layout(tmp_path / "one-s1"))
    together = train_model(config, "one-s1", layout)
    assert together.was_skipped
    for name in ("split", "step", "n_tokens"):
        assert losses_of(together)[name].equals(losses_of(alone)[name])
    # The same gradients, added up in another order.
    assert losses_of(together)["loss"].to_pylist() == pytest.approx(losses_of(alone)["loss"].to_pylist(), rel=1e-4)
    weights, expected = load_file(together.checkpoint), load_file(alone.checkpoint)
    assert all((weights[name] - expected[name]).abs().max() < 1e-2 for name in expected)


def test_two_processes_stop_and_go_on_together(tiny: ExperimentConfig, tmp_path: Path) -> None:
    """Where one is out of time, both stop; in the end there is what one process makes."""
    config = with_training(tiny, n_steps=15)
    layout = Layout(tmp_path / "two")
    process = start(config, tmp_path, layout.root, *TORCHRUN, text=RUNNING_IN_SLICES)
    lines = sorted(process.communicate(timeout=300)[0].decode().splitlines())
    assert process.returncode == 0
    expected = [
        "rollouts: process 0: stopped before all rollouts were made",
        "rollouts: process 1: optimizer-",
        "training: process 0: stopped at step 10/15",
        "training: process 1: stopped at step 10/15",
    ]
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected
    alone = Layout(tmp_path / "one-s1")
    run_experiment(config, alone, CPU)
    folders = [
        sorted(path.parent.relative_to(each.raw) for path in each.raw.rglob("*.parquet")) for each in (layout, alone)
    ]
    assert folders[0] == folders[1]
    assert not list(layout.checkpoints.rglob("*.spans"))
