"""A whole profile: the problem, every size trained, every rollout. What is there already is not made again."""

from __future__ import annotations

from collections.abc import Callable

from synthetic.config import ExperimentConfig
from synthetic.experiment import roll_out_model, roll_out_teacher, train_model, write_problem
from synthetic.machine import Machine
from synthetic.provenance import recorded
from warehouse.layout import Layout

Report = Callable[[str], None]


def run_experiment(config: ExperimentConfig, layout: Layout, machine: Machine, report: Report | None = None) -> None:
    """Do what is missing of an experiment, and note where and how long it ran.

    Raises:
        TimeIsUpError: if the machine's time is up; what was done is kept, and the same call goes on from there.
        CheckpointError: if a file of an earlier run is not what it should be.
        TrainingDivergedError: if a loss stops being a number.
    """
    report = report if machine.world.is_first else None
    with recorded(config, layout, machine):
        if machine.world.is_first:
            write_problem(config, layout, report)
        for size in config.sizes:
            train_model(config, size.name, layout, report, machine)
        machine.world.wait()
        roll_out_teacher(config, layout, report, machine)
        for size in config.sizes:
            roll_out_model(config, size.name, layout, report, machine)
        machine.world.wait()
