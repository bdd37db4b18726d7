"""The experiment's four steps, each from a configuration to the raw contract: problem, training, rollouts, teacher.

Everything is named by content: `problem_id` hashes the configuration, a checkpoint carries it, and a rollout file
carries the fingerprint of its checkpoint. So each function finds out in milliseconds that there is nothing to do; and
one that was interrupted goes on where it stopped. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic.checkpoint import CheckpointError, check_header, fingerprint, load_checkpoint, save_checkpoint
from synthetic.config import TEACHER_ID, ExperimentConfig
from synthetic.machine import CPU, Machine, TimeIsUpError
from synthetic.rollout_files import RolloutFile
from warehouse.layout import Layout
from warehouse.parquet import write_partition

if TYPE_CHECKING:
    from torch import Tensor

Report = Callable[[str], None]

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
    return layout.checkpoints / config.problem_id / f"{config.model_id(size_name)}.safetensors"


def write_problem(config: ExperimentConfig, layout: Layout, report: Report | None = None) -> StepResult:
    """Write the problem, with its settings and its uniform baseline, to raw/synthetic_problems."""
    partition = {"problem_id": config.problem_id}
    stem = f"problem-{config.problem_id}"
    path = layout.partition("synthetic_problems", partition) / f"{stem}.parquet"
    if path.is_file():
        _say(report, f"{config.problem_id}: already there, nothing to do ({path.name})")
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
    return layout.checkpoints / config.problem_id / f"{config.model_id(size_name)}.training.safetensors"


def train_model(
    config: ExperimentConfig, size_name: str, layout: Layout, report: Report | None = None, machine: Machine = CPU
) -> TrainingResult:
    """Train one size; write its losses, its row in raw/models and its checkpoint.

    The checkpoint is written last: where it is, everything else is.

    Raises:
        ConfigError: if the profile has no such size.
        CheckpointError: if there is a file of an unfinished training, and it is not what it should be.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
        TrainingDivergedError: if the loss stops being a number.
    """
    model_id, n_parameters = config.model_id(size_name), config.param_count(size_name)
    partition = {"problem_id": config.problem_id, "model_id": model_id}
    stem = f"training-{config.problem_id}"
    path = layout.partition("synthetic_training", partition) / f"{stem}.parquet"
    checkpoint = checkpoint_path(config, size_name, layout)
    if path.is_file() and (layout.raw_table("models") / f"{model_id}.parquet").is_file():
        try:
            check_header(checkpoint, config, size_name)
        except CheckpointError as error:
            _say(report, f"{model_id}: training again: {error}")
        else:
            _say(report, f"{model_id}: already trained, nothing to do ({checkpoint.name})")
            return TrainingResult(config.problem_id, model_id, path, 0, True, checkpoint, n_parameters, None)

    from synthetic.model import Transformer
    from synthetic.pairs import Pairs
    from synthetic.progress import load_progress, save_progress
    from synthetic.quadratic import make_quadratic
    from synthetic.training import train

    unfinished = progress_path(config, size_name, layout)
    progress = load_progress(unfinished, config, size_name) if unfinished.is_file() else None
    world = machine.world
    pairs = Pairs(config, make_quadratic(config.problem, world.device))
    model = Transformer(config.size(size_name), config.sequence_length)
    model.initialise(config.training.seed)
    _say(report, f"{model_id}: {n_parameters:,} parameters, {pairs.n_train:,} training pairs")
    if progress:
        _say(report, f"{model_id}: going on at step {progress.step}/{config.training.n_steps}")
    losses = train(
        model.to(world.device),
        pairs,
        config,
        lambda line: _say(report, f"{model_id}: {line}"),
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


def roll_out_model(
    config: ExperimentConfig, size_name: str, layout: Layout, report: Report | None = None, machine: Machine = CPU
) -> list[StepResult]:
    """Roll a trained size out from all starts, at all their temperatures; write its points to raw/synthetic_rollouts.

    Processes of a world share the rollouts among them.

    Raises:
        CheckpointError: if the size was not trained under this configuration.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
    """
    model_id = config.model_id(size_name)
    checkpoint = checkpoint_path(config, size_name, layout)
    check_header(checkpoint, config, size_name)
    made_from = fingerprint(checkpoint)
    files = [
        RolloutFile(config, model_id, starts, temperature, made_from, layout)
        for starts in config.rollout.starts
        for temperature in starts.temperatures
    ]

    def spans_from(file: RolloutFile, points: Tensor, done: int) -> Iterator[Tensor]:
        from synthetic.rollouts import roll_out

        model = load_checkpoint(checkpoint, config, size_name, machine.world.device)
        return roll_out(model, points, config, file.temperature, done=done, span=file.span)

    return [_roll_out(file, machine, spans_from, report) for file in machine.share_of(files)]


def roll_out_teacher(
    config: ExperimentConfig, layout: Layout, report: Report | None = None, machine: Machine = CPU
) -> list[StepResult]:
    """Run steepest descent itself from the same starts; write its points to raw/synthetic_rollouts.

    Raises:
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
    """
    files = [
        RolloutFile(config, TEACHER_ID, starts, 0.0, config.problem_id, layout) for starts in config.rollout.starts
    ]

    def spans_from(file: RolloutFile, points: Tensor, done: int) -> Iterator[Tensor]:
        from synthetic.quadratic import descend, make_quadratic

        quadratic = make_quadratic(config.problem, machine.world.device)
        while done < config.rollout.n_steps:
            n_steps = min(file.span, config.rollout.n_steps - done)
            span = descend(quadratic, points, n_steps, config.problem.step_norm)[1:]
            points, done = span[-1], done + n_steps
            yield span

    return [_roll_out(file, machine, spans_from, report) for file in machine.share_of(files)]


def _roll_out(
    file: RolloutFile,
    machine: Machine,
    spans_from: Callable[[RolloutFile, Tensor, int], Iterator[Tensor]],
    report: Report | None,
) -> StepResult:
    """Make the spans of a rollout that are not there yet, and then the whole file."""
    config, name = file.config, f"{file.model_id} from {file.starts.name} starts, temperature {file.temperature:g}"
    if file.path.is_file():
        _say(report, f"{name}: already there, nothing to do ({file.path.name})")
        return StepResult(config.problem_id, file.model_id, file.path, 0, was_skipped=True)

    import torch

    from synthetic.quadratic import make_quadratic
    from synthetic.rollouts import rollout_starts

    device = machine.world.device
    if (found := file.done()) is None:
        start = rollout_starts(config, file.starts, make_quadratic(config.problem, device)).flatten(0, 1)
        file.write(0, start.unsqueeze(0).cpu().numpy())
        done, points = 0, start
    else:
        done, points = found[0], torch.from_numpy(found[1]).to(device)
    if done < config.rollout.n_steps:
        for span in spans_from(file, points, done):
            file.write(done + 1, span.cpu().numpy())
            done += len(span)
            _say(report, f"{name}: step {done}/{config.rollout.n_steps}")
            if machine.time_slice.is_over and done < config.rollout.n_steps:
                raise TimeIsUpError(f"{name}: stopped at step {done}/{config.rollout.n_steps}")
    return StepResult(config.problem_id, file.model_id, file.path, file.finish(), was_skipped=False)


def _say(report: Report | None, line: str) -> None:
    if report is not None:
        report(line)
