"""The progress of an interrupted training: weights, optimizer state, step and losses, in one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from synthetic.checkpoint import CheckpointError, check_header, load_tensors, read_experiment, save_tensors
from synthetic.config import CODE_VERSION, ExperimentConfig
from synthetic.model import Transformer

STATES = ("exp_avg", "exp_avg_sq", "step")
"""What AdamW keeps for every parameter."""


@dataclass(frozen=True)
class LossRow:
    """One measurement of the loss.

    Attributes:
        split: `train` (one batch, before its update) or `validation`.
        step: updates made so far.
        loss: nats per predicted token.
        learning_rate: of the update that follows; that of the last update for the final validation.
        n_tokens: tokens trained on so far.
    """

    split: str
    step: int
    loss: float
    learning_rate: float
    n_tokens: int


@dataclass(frozen=True)
class TrainingProgress:
    """A training between two of its steps.

    Attributes:
        step: updates made so far.
        tensors: the model's weights as `model.NAME`, and AdamW's state as `exp_avg.NAME`, `exp_avg_sq.NAME` and
            `step.NAME`.
        losses: measured so far.
    """

    step: int
    tensors: Mapping[str, Tensor]
    losses: tuple[LossRow, ...]

    @classmethod
    def of(
        cls, model: nn.Module, optimizer: torch.optim.Optimizer, step: int, losses: list[LossRow]
    ) -> TrainingProgress:
        """The progress of a training that has made at least one update; its tensors are views, not copies."""
        tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
        for name, parameter in model.named_parameters():
            for state in STATES:
                tensors[f"{state}.{name}"] = optimizer.state[parameter][state]
        return cls(step, tensors, tuple(losses))

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Put a model and its optimizer where this training was."""
        model.load_state_dict({name: self.tensors[f"model.{name}"] for name in model.state_dict()})
        for name, parameter in model.named_parameters():
            optimizer.state[parameter] = {
                state: self.tensors[f"{state}.{name}"].to(parameter.device) for state in STATES
            }


def save_progress(path: Path, progress: TrainingProgress, config: ExperimentConfig, member_name: str) -> None:
    """Write it, atomically."""
    experiment = {
        "code_version": CODE_VERSION,
        "config": config.as_dict(),
        "model": member_name,
        "step": progress.step,
        "losses": [asdict(row) for row in progress.losses],
    }
    save_tensors(path, progress.tensors, experiment)


def load_progress(path: Path, config: ExperimentConfig, member_name: str) -> TrainingProgress:
    """Read it back; only of a training under exactly this configuration.

    Raises:
        CheckpointError: if the file is not such a progress; the message names what is wrong with it.
    """
    check_header(path, config, member_name)
    experiment = read_experiment(path)
    try:
        step, losses = int(experiment["step"]), tuple(LossRow(**row) for row in experiment["losses"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: step or losses: {error}; delete the file and train again") from error
    if not 0 < step < config.training.n_steps:
        raise CheckpointError(f"{path}: step = {step} of {config.training.n_steps}; delete the file and train again")
    model = Transformer(config.member(member_name).size, config.sequence_length)
    expected = {f"model.{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        expected |= {f"exp_avg.{name}": parameter, f"exp_avg_sq.{name}": parameter, f"step.{name}": torch.zeros(())}
    return TrainingProgress(step, load_tensors(path, expected), losses)
