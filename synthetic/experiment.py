"""The experiment's four steps, each from a configuration to the raw contract: problem, training, rollouts, teacher.

Everything is named by content: `problem_id` hashes the configuration, a checkpoint carries it, and a rollout file
carries the fingerprint of its checkpoint. So each function finds out in milliseconds that there is nothing to do.
Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from synthetic.checkpoint import CheckpointError, check_header, fingerprint, load_checkpoint, save_checkpoint
from synthetic.config import TEACHER_ID, ExperimentConfig
from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.schemas import SYNTHETIC_ROLLOUTS

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
        return _skipped(config, None, path, report)

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


def train_model(
    config: ExperimentConfig, size_name: str, layout: Layout, report: Report | None = None, device: str = "cpu"
) -> TrainingResult:
    """Train one size; write its losses, its row in raw/models and its checkpoint.

    The checkpoint is written last: where it is, everything else is.

    Raises:
        ConfigError: if the profile has no such size.
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
    from synthetic.pairs import make_pairs
    from synthetic.quadratic import make_quadratic
    from synthetic.training import train

    pairs = make_pairs(config, make_quadratic(config.problem, device))
    model = Transformer(config.size(size_name), config.sequence_length)
    model.initialise(config.training.seed)
    _say(report, f"{model_id}: {n_parameters:,} parameters, {len(pairs.train):,} training pairs")
    losses = train(model.to(device), pairs, config, lambda line: _say(report, f"{model_id}: {line}"))

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
    return TrainingResult(
        config.problem_id, model_id, path, len(rows), False, checkpoint, n_parameters, losses[-1].loss
    )


def roll_out_model(
    config: ExperimentConfig, size_name: str, layout: Layout, report: Report | None = None, device: str = "cpu"
) -> StepResult:
    """Roll a trained size out from every start; write all its points to raw/synthetic_rollouts.

    Raises:
        CheckpointError: if the size was not trained under this configuration.
    """
    model_id = config.model_id(size_name)
    checkpoint = checkpoint_path(config, size_name, layout)
    check_header(checkpoint, config, size_name)
    path = _rollout_path(config, model_id, fingerprint(checkpoint), layout)
    if path.is_file():
        return _skipped(config, model_id, path, report)

    from synthetic.quadratic import make_quadratic
    from synthetic.rollouts import roll_out, rollout_starts

    model = load_checkpoint(checkpoint, config, size_name, device)
    every = max(1, config.rollout.n_steps // 4)

    def on_step(step: int) -> None:
        if step % every == 0:
            _say(report, f"{model_id}: rollout step {step}/{config.rollout.n_steps}")

    starts = rollout_starts(config, make_quadratic(config.problem, device))
    points = roll_out(model, starts, config, on_step)
    return _write_rollout(config, model_id, points, path, layout)


def roll_out_teacher(
    config: ExperimentConfig, layout: Layout, report: Report | None = None, device: str = "cpu"
) -> StepResult:
    """Run steepest descent itself from the same starts; write its points to raw/synthetic_rollouts."""
    path = _rollout_path(config, TEACHER_ID, config.problem_id, layout)
    if path.is_file():
        return _skipped(config, TEACHER_ID, path, report)

    from synthetic.quadratic import descend, make_quadratic
    from synthetic.rollouts import rollout_starts

    quadratic = make_quadratic(config.problem, device)
    starts = rollout_starts(config, quadratic)
    points = descend(quadratic, starts, config.rollout.n_steps, config.problem.step_norm)
    return _write_rollout(config, TEACHER_ID, points, path, layout)


def _rollout_path(config: ExperimentConfig, model_id: str, made_from: str, layout: Layout) -> Path:
    partition = {"problem_id": config.problem_id, "model_id": model_id}
    return layout.partition("synthetic_rollouts", partition) / f"rollouts-{made_from}.parquet"


def _write_rollout(config: ExperimentConfig, model_id: str, points: Tensor, path: Path, layout: Layout) -> StepResult:
    """Write points of shape (steps + 1, M, K, d), in the contract's order: step, start, replicate."""
    import numpy as np

    n_steps, n_starts, n_replicates, d = points.shape
    step, start, replicate = np.indices((n_steps, n_starts, n_replicates), dtype=np.int32).reshape(3, -1)
    n_rows = len(step)
    x = pa.ListArray.from_arrays(
        np.arange(0, (n_rows + 1) * d, d, dtype=np.int32), points.cpu().numpy().astype(np.float64).ravel()
    )
    is_teacher = model_id == TEACHER_ID
    columns = {
        "problem_id": pa.repeat(config.problem_id, n_rows),
        "model_id": pa.repeat(model_id, n_rows),
        "is_teacher": pa.repeat(is_teacher, n_rows),
        "temperature": pa.repeat(0.0 if is_teacher else config.rollout.temperature, n_rows),
        "start_id": start,
        "replicate": replicate,
        "step": step,
        "x": x,
        "ingested_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", tz="UTC")), n_rows),
    }
    write_partition(
        layout,
        "synthetic_rollouts",
        pa.table(columns, schema=SYNTHETIC_ROLLOUTS.schema),
        file_stem=path.stem,
        partition={"problem_id": config.problem_id, "model_id": model_id},
        replace=True,
    )
    return StepResult(config.problem_id, model_id, path, n_rows, was_skipped=False)


def _skipped(config: ExperimentConfig, model_id: str | None, path: Path, report: Report | None) -> StepResult:
    _say(report, f"{model_id or config.problem_id}: already there, nothing to do ({path.name})")
    return StepResult(config.problem_id, model_id, path, 0, was_skipped=True)


def _say(report: Report | None, line: str) -> None:
    if report is not None:
        report(line)
