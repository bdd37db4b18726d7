"""The experiment's four steps, each from a configuration to the raw contract: problem, training, rollouts, teacher.

Everything is named by content: `problem_id` hashes the configuration, a checkpoint carries it, and a rollout file
carries the fingerprint of its checkpoint. So each function finds out in milliseconds that there is nothing to do; and
one that was interrupted goes on where it stopped. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic.checkpoint import CheckpointError, check_header, fingerprint, load_checkpoint, save_checkpoint
from synthetic.config import TEACHER_ID, ConfigError, ExperimentConfig, StartsConfig
from synthetic.machine import CPU, Machine, TimeIsUpError
from synthetic.rollout_files import RolloutFile
from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.tell import Tell, silence

if TYPE_CHECKING:
    from torch import Tensor

    from synthetic.quadratic import Quadratic


MODEL_FAMILY = "quadratic-optimizer"


@dataclass(frozen=True)
class StepResult:
    """What a step made, or found already made.

    Attributes:
        problem_id: hash of the configuration.
        model_id: the model, or the teacher; None for the problem itself.
        path: the Parquet file.
        n_rows: rows in it; 0 when skipped.
        was_skipped: whether it was there already.
    """

    problem_id: str
    model_id: str | None
    path: Path
    n_rows: int
    was_skipped: bool


@dataclass(frozen=True)
class TrainingResult(StepResult):
    """A trained model.

    Attributes:
        checkpoint: its weights.
        param_count: number of parameters.
        validation_loss: after the last step, in nats per predicted token; None when skipped.
    """

    checkpoint: Path
    param_count: int
    validation_loss: float | None


def checkpoint_path(config: ExperimentConfig, size_name: str, layout: Layout) -> Path:
    """Where the weights of a size live."""
    return layout.checkpoint(config.problem_id, f"{config.model_id(size_name)}.safetensors")


def write_problem(config: ExperimentConfig, layout: Layout, report: Tell = silence) -> StepResult:
    """Write the problem, with its settings and its uniform baseline, to raw/synthetic_problems."""
    partition = {"problem_id": config.problem_id}
    stem = f"problem-{config.problem_id}"
    path = layout.raw_file("synthetic_problems", stem, partition)
    if path.is_file():
        report(f"{config.problem_id}: already there, nothing to do ({path.name})")
        return StepResult(config.problem_id, None, path, 0, was_skipped=True)

    from synthetic.quadratic import make_quadratic
    from synthetic.tokens import NumberTokens
    from synthetic.training import predicted_positions

    quadratic = make_quadratic(config.problem)
    row = {
        "problem_id": config.problem_id,
        "profile": config.profile,
        "dimension": config.problem.dimension,
        "a_matrix": quadratic.a.flatten().tolist(),
        "minimum": quadratic.b.tolist(),
        "condition_number": config.problem.condition_number,
        "step_norm": config.problem.step_norm,
        "uniform_loss": NumberTokens(config.tokens.decimals).uniform_loss(predicted_positions(config)),
        "config": config.to_json(),
        "ingested_at": datetime.now(UTC),
    }
    write_partition(layout, "synthetic_problems", [row], file_stem=stem, partition=partition, replace=True)
    return StepResult(config.problem_id, None, path, 1, was_skipped=False)


def progress_path(config: ExperimentConfig, size_name: str, layout: Layout) -> Path:
    """Where an unfinished training of a size lives."""
    return layout.checkpoint(config.problem_id, f"{config.model_id(size_name)}.training.safetensors")


def train_model(  # long: what is skipped, resumed, trained and written, in this order
    config: ExperimentConfig, size_name: str, layout: Layout, report: Tell = silence, machine: Machine = CPU
) -> TrainingResult:
    """Train one size; write its losses, its row in raw/models and its checkpoint.

    The checkpoint is written last: where it is, everything else is.

    Raises:
        ConfigError: if the profile has no such size, or the processes cannot share its batches equally.
        CheckpointError: if there is a file of an unfinished training, and it is not what it should be.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
        TrainingDivergedError: if the loss stops being a number.
    """
    model_id, n_parameters = config.model_id(size_name), config.param_count(size_name)
    batch_size, n_processes = config.training.batch_size, machine.world.size
    if batch_size % n_processes:
        raise ConfigError(
            f"training.batch_size: {batch_size} pairs cannot be shared equally among {n_processes} processes; start a "
            "number of processes that divides it"
        )
    partition = {"problem_id": config.problem_id, "model_id": model_id}
    stem = f"training-{config.problem_id}"
    path = layout.raw_file("synthetic_training", stem, partition)
    checkpoint = checkpoint_path(config, size_name, layout)
    if path.is_file() and (layout.raw_table("models") / f"{model_id}.parquet").is_file():
        try:
            check_header(checkpoint, config, size_name)
        except CheckpointError as error:
            report(f"{model_id}: training again: {error}")
        else:
            report(f"{model_id}: already trained, nothing to do ({checkpoint.name})")
            return TrainingResult(config.problem_id, model_id, path, 0, True, checkpoint, n_parameters, None)

    import torch

    from synthetic.model import Transformer
    from synthetic.pairs import Pairs
    from synthetic.quadratic import make_quadratic
    from synthetic.training import train
    from synthetic.training_state import load_progress, save_progress

    unfinished = progress_path(config, size_name, layout)
    progress = load_progress(unfinished, config, size_name) if unfinished.is_file() else None
    world = machine.world
    pairs = Pairs(config, make_quadratic(config.problem, world.device))
    model = Transformer(config.size(size_name), config.sequence_length)
    model.initialise(config.training.seed)
    if machine.compiled:
        torch.compiler.reset()  # what was compiled for other sizes is of no more use
    report(f"{model_id}: {n_parameters:,} parameters, {pairs.n_train:,} training pairs")
    if progress:
        report(f"{model_id}: going on at step {progress.step}/{config.training.n_steps}")
    losses = train(
        model.to(world.device),
        pairs,
        config,
        lambda line: report(f"{model_id}: {line}"),
        save=lambda done: save_progress(unfinished, done, config, size_name),
        progress=progress,
        time_slice=machine.time_slice,
        world=world,
        compiled=machine.compiled,
    )
    result = TrainingResult(
        config.problem_id, model_id, path, len(losses), False, checkpoint, n_parameters, losses[-1].loss
    )
    if not world.is_first:
        return result
    now = datetime.now(UTC)
    constants = {**partition, "param_count": n_parameters, "ingested_at": now}
    rows = [{**constants, **asdict(loss)} for loss in losses]
    write_partition(layout, "synthetic_training", rows, file_stem=stem, partition=partition, replace=True)
    write_partition(
        layout,
        "models",
        [
            {
                "model_id": model_id,
                "provider": "synthetic",
                "model_family": MODEL_FAMILY,
                "param_count": n_parameters,
                "model_type": "optimizer",
                "is_simulated": False,
                "source": "synthetic",
                "ingested_at": now,
            }
        ],
        file_stem=model_id,
    )
    save_checkpoint(checkpoint, model, config, size_name)
    unfinished.unlink(missing_ok=True)
    return result


@dataclass(frozen=True)
class Rollout:
    """One rollout of an experiment: who walks, where from, and how tokens are chosen.

    Attributes:
        size_name: the model's size; None is the teacher.
        starts: where from.
        temperature: 0 for the teacher.
    """

    size_name: str | None
    starts: StartsConfig
    temperature: float

    def work(self, config: ExperimentConfig) -> int:
        """How much there is to do, beside other rollouts: parameters × points."""
        n_parameters = 0 if self.size_name is None else config.param_count(self.size_name)
        return n_parameters * self.starts.n_anchors * self.starts.n_replicates


def rollouts_of(config: ExperimentConfig, size_name: str | None) -> list[Rollout]:
    """All rollouts of a size, or of the teacher (None)."""
    return [
        Rollout(size_name, starts, temperature)
        for starts in config.rollout.starts
        for temperature in ((0.0,) if size_name is None else starts.temperatures)
    ]


def make_rollout(
    rollout: Rollout, config: ExperimentConfig, layout: Layout, report: Tell = silence, machine: Machine = CPU
) -> StepResult:
    """Make the spans of a rollout that are not there yet, and of all its points a file of raw/synthetic_rollouts.

    Raises:
        CheckpointError: if the size was not trained under this configuration.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
    """
    size_name = rollout.size_name
    if size_name is None:
        model_id, made_from = TEACHER_ID, config.problem_id
    else:
        model_id, checkpoint = config.model_id(size_name), checkpoint_path(config, size_name, layout)
        check_header(checkpoint, config, size_name)
        made_from = fingerprint(checkpoint)
    file = RolloutFile(config, model_id, rollout.starts, rollout.temperature, made_from, layout)
    name = f"{model_id} from {rollout.starts.name} starts, temperature {rollout.temperature:g}"
    if file.path.is_file():
        report(f"{name}: already there, nothing to do ({file.path.name})")
        return StepResult(config.problem_id, model_id, file.path, 0, was_skipped=True)

    import torch

    from synthetic.quadratic import make_quadratic
    from synthetic.rollouts import roll_out, rollout_starts

    device, n_steps = machine.world.device, config.rollout.n_steps
    quadratic = make_quadratic(config.problem, device)
    if (found := file.done()) is None:
        points = rollout_starts(config, rollout.starts, quadratic).flatten(0, 1)
        file.write(0, points.unsqueeze(0).cpu().numpy())
        done = 0
    else:
        done, points = found[0], torch.from_numpy(found[1]).to(device)
    if size_name is None:
        spans = _descents(quadratic, points, n_steps - done, file.span, config.problem.step_norm)
    else:
        model = load_checkpoint(checkpoint, config, size_name, device)
        spans = roll_out(model, points, config, rollout.temperature, done=done, span=file.span)
    for span in spans:
        file.write(done + 1, span.cpu().numpy())
        done += len(span)
        report(f"{name}: step {done}/{n_steps}")
        if machine.time_slice.is_over and done < n_steps:
            raise TimeIsUpError(f"{name}: stopped at step {done}/{n_steps}")
    return StepResult(config.problem_id, model_id, file.path, file.finish(), was_skipped=False)


def _descents(quadratic: Quadratic, points: Tensor, n_steps: int, span: int, step_norm: float) -> Iterator[Tensor]:
    """The teacher's steps from points (n, d), a span at a time: shape (steps, n, d)."""
    from synthetic.quadratic import descend

    while n_steps:
        made = descend(quadratic, points, min(span, n_steps), step_norm)[1:]
        points, n_steps = made[-1], n_steps - len(made)
        yield made
