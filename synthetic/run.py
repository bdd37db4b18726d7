"""A whole profile: the problem, every model trained, every rollout. What is there already is not made again."""

from __future__ import annotations

from synthetic.config import ExperimentConfig
from synthetic.experiment import train_models, write_problem
from synthetic.machine import Machine, TimeIsUpError
from synthetic.provenance import recorded
from synthetic.rolling import make_rollout, rollouts_of
from warehouse.layout import Layout
from warehouse.tell import Tell, silence


def run_experiment(config: ExperimentConfig, layout: Layout, machine: Machine, report: Tell = silence) -> None:
    """Do what is missing of an experiment, and note where and how long it ran.

    Raises:
        TimeIsUpError: if the machine's time is up; what was done is kept, and the same call goes on from there.
        CheckpointError: if a file of an earlier run is not what it should be.
        ConfigError: if the processes cannot share the batches equally.
        TrainingDivergedError: if a loss stops being a number.
    """
    report = report if machine.world.is_first else silence
    world = machine.world
    with recorded(config, layout, machine):
        if world.is_first:
            write_problem(config, layout, report)
        for size in config.sizes:
            names = [member.name for member in config.members if member.size == size]
            train_models(config, names, layout, report, machine)
        world.any(False)  # nobody goes on before the last checkpoint is written
        walkers = [None, *(member.name for member in config.members)]
        rollouts = [rollout for walker in walkers for rollout in rollouts_of(config, walker)]
        if world.size > 1:  # dealt out with the largest first, so that all end at about the same time
            rollouts.sort(key=lambda rollout: rollout.work(config), reverse=True)
        out_of_time = None
        try:
            for rollout in machine.share_of(rollouts):
                make_rollout(rollout, config, layout, report, machine)
        except TimeIsUpError as error:
            out_of_time = error
        if world.any(out_of_time is not None):
            raise out_of_time or TimeIsUpError("stopped before all rollouts were made")
