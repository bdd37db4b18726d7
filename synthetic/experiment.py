"""The experiment's first steps, each from a configuration to the raw contract: problem and training.

Everything is named by content: `problem_id` hashes the configuration, a checkpoint carries it, and a rollout file
(`synthetic.rolling`) carries the fingerprint of its checkpoint. So each function finds out in milliseconds that there
is nothing to do; and one that was interrupted goes on where it stopped. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic.checkpoint import CheckpointError, check_header, save_checkpoint
from synthetic.config import ConfigError, ExperimentConfig
from synthetic.machine import CPU, Machine
from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.tell import Tell, silence

if TYPE_CHECKING:
    from synthetic.training_state import LossRow, TrainingProgress

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


def checkpoint_path(config: ExperimentConfig, member_name: str, layout: Layout) -> Path:
    """Where the weights of a model live."""
    return layout.checkpoint(config.problem_id, f"{config.model_id(member_name)}.safetensors")


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


def progress_path(config: ExperimentConfig, member_name: str, layout: Layout) -> Path:
    """Where an unfinished training of a model lives."""
    return layout.checkpoint(config.problem_id, f"{config.model_id(member_name)}.training.safetensors")


def train_model(
    config: ExperimentConfig, member_name: str, layout: Layout, report: Tell = silence, machine: Machine = CPU
) -> TrainingResult:
    """Train one model; write its losses, its row in raw/models and its checkpoint.

    The checkpoint is written last: where it is, everything else is.

    Raises:
        ConfigError: if the profile has no such model, or the processes cannot share its batches equally.
        CheckpointError: if there is a file of an unfinished training, and it is not what it should be.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
        TrainingDivergedError: if the loss stops being a number.
    """
    return train_models(config, [member_name], layout, report, machine)[0]


def train_models(
    config: ExperimentConfig,
    member_names: Sequence[str],
    layout: Layout,
    report: Tell = silence,
    machine: Machine = CPU,
) -> list[TrainingResult]:
    """Train models of one size, as `train_model` does each: on a GPU side by side, else one after the other.

    Raises:
        ConfigError, CheckpointError, TimeIsUpError, TrainingDivergedError: see `train_model`.
    """
    batch_size, n_processes = config.training.batch_size, machine.world.size
    if batch_size % n_processes:
        raise ConfigError(
            f"training.batch_size: {batch_size} pairs cannot be shared equally among {n_processes} processes; start a "
            "number of processes that divides it"
        )
    found = {name: _trained(config, name, layout, report) for name in member_names}
    missing = [name for name, result in found.items() if result is None]
    for names in _teams(config, missing, layout, side_by_side=machine.side_by_side):
        found |= _train_team(config, names, layout, report, machine)
    return [result for result in found.values() if result is not None]


def _trained(config: ExperimentConfig, member_name: str, layout: Layout, report: Tell) -> TrainingResult | None:
    """What an earlier training left, if all of it is there."""
    model_id, path = config.model_id(member_name), losses_path(config, member_name, layout)
    checkpoint = checkpoint_path(config, member_name, layout)
    if not (path.is_file() and (layout.raw_table("models") / f"{model_id}.parquet").is_file()):
        return None
    try:
        check_header(checkpoint, config, member_name)
    except CheckpointError as error:
        report(f"{model_id}: training again: {error}")
        return None
    report(f"{model_id}: already trained, nothing to do ({checkpoint.name})")
    n_parameters = config.param_count(config.member(member_name).size.name)
    return TrainingResult(config.problem_id, model_id, path, 0, True, checkpoint, n_parameters, None)


def losses_path(config: ExperimentConfig, member_name: str, layout: Layout) -> Path:
    """Where the losses of a trained model are."""
    partition = {"problem_id": config.problem_id, "model_id": config.model_id(member_name)}
    return layout.raw_file("synthetic_training", f"training-{config.problem_id}", partition)


def _progress(config: ExperimentConfig, member_name: str, layout: Layout) -> TrainingProgress | None:
    from synthetic.training_state import load_progress

    unfinished = progress_path(config, member_name, layout)
    return load_progress(unfinished, config, member_name) if unfinished.is_file() else None


def _teams(
    config: ExperimentConfig, member_names: Sequence[str], layout: Layout, *, side_by_side: bool
) -> list[list[str]]:
    """Models that are trained together: side by side those of one size that have made as many steps."""
    if not side_by_side:
        return [[name] for name in member_names]
    teams: dict[tuple[str, int], list[str]] = {}
    for name in member_names:
        progress = _progress(config, name, layout)
        teams.setdefault((config.member(name).size.name, progress.step if progress else 0), []).append(name)
    return list(teams.values())


def _train_team(
    config: ExperimentConfig, names: Sequence[str], layout: Layout, report: Tell, machine: Machine
) -> dict[str, TrainingResult]:
    import torch

    from synthetic.model import Transformer
    from synthetic.pairs import Pairs
    from synthetic.quadratic import make_quadratic
    from synthetic.side_by_side import train_side_by_side
    from synthetic.training import train
    from synthetic.training_state import save_progress

    if machine.compiled:
        torch.compiler.reset()  # what was compiled for other sizes is of no more use
    members, device = [config.member(name) for name in names], machine.world.device
    progresses = [_progress(config, name, layout) for name in names]
    pairs = Pairs(config, make_quadratic(config.problem, device), members[0].seed)
    models = [Transformer(member.size, config.sequence_length) for member in members]
    for model, member, progress in zip(models, members, progresses, strict=True):
        model.initialise(member.seed)
        model.to(device)
        model_id, count = config.model_id(member.name), config.param_count(member.size.name)
        report(f"{model_id}: {count:,} parameters, {pairs.n_train:,} training pairs")
        if progress:
            report(f"{model_id}: going on at step {progress.step}/{config.training.n_steps}")

    def save(name: str, done: TrainingProgress) -> None:
        save_progress(progress_path(config, name, layout), done, config, name)

    def tell(name: str, line: str) -> None:
        report(f"{config.model_id(name)}: {line}")

    if len(names) > 1:
        losses = train_side_by_side(
            dict(zip(names, models, strict=True)),
            [pairs.in_order_of(member.seed) for member in members],
            config,
            tell,
            save=save,
            progresses=progresses,
            time_slice=machine.time_slice,
            compiled=machine.compiled,
        )
    else:
        of_one = train(
            models[0],
            pairs,
            config,
            lambda line: tell(names[0], line),
            save=lambda done: save(names[0], done),
            progress=progresses[0],
            time_slice=machine.time_slice,
            world=machine.world,
            compiled=machine.compiled,
        )
        losses = [of_one]
    if machine.world.is_first:
        for name, model, rows in zip(names, models, losses, strict=True):
            write_trained(config, name, layout, model, rows)
    return {name: _result(config, name, layout, rows) for name, rows in zip(names, losses, strict=True)}


def _result(config: ExperimentConfig, name: str, layout: Layout, losses: Sequence[LossRow]) -> TrainingResult:
    return TrainingResult(
        config.problem_id,
        config.model_id(name),
        losses_path(config, name, layout),
        len(losses),
        False,
        checkpoint_path(config, name, layout),
        config.param_count(config.member(name).size.name),
        losses[-1].loss,
    )


def write_trained(
    config: ExperimentConfig, name: str, layout: Layout, model: object, losses: Sequence[LossRow]
) -> None:
    """Losses and the model's row, then its checkpoint, and only then the unfinished training goes."""
    model_id, member = config.model_id(name), config.member(name)
    partition = {"problem_id": config.problem_id, "model_id": model_id}
    n_parameters, now = config.param_count(member.size.name), datetime.now(UTC)
    constants = {**partition, "param_count": n_parameters, "seed": member.seed, "ingested_at": now}
    rows = [{**constants, **asdict(loss)} for loss in losses]
    stem = losses_path(config, name, layout).stem
    write_partition(layout, "synthetic_training", rows, file_stem=stem, partition=partition, replace=True)
    of_model = {
        "model_id": model_id,
        "provider": "synthetic",
        "model_family": MODEL_FAMILY,
        "param_count": n_parameters,
        "model_type": "optimizer",
        "is_simulated": False,
        "source": "synthetic",
        "ingested_at": now,
    }
    write_partition(layout, "models", [of_model], file_stem=model_id)
    save_checkpoint(checkpoint_path(config, name, layout), model, config, name)
    progress_path(config, name, layout).unlink(missing_ok=True)
