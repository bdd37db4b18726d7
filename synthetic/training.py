"""Train one transformer on the teacher's pairs: AdamW, warm-up and cosine, cross-entropy.

The loss is the mean cross-entropy in nats over the predicted tokens: those of u, or of the whole sequence but its first
token (`TrainingConfig.loss_on`). Everything random is a function of the seed and the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import ExperimentConfig, TrainingConfig
from synthetic.model import Transformer
from synthetic.pairs import Pairs

VALIDATION_BATCH = 1_024

Report = Callable[[str], None]


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


class TrainingDivergedError(RuntimeError):
    """The loss is no longer a number."""


def predicted_positions(config: ExperimentConfig) -> range:
    """Places of the sequence whose tokens the loss is over."""
    first = 1 if config.training.loss_on == "sequence" else config.update_length
    return range(first, config.sequence_length)


def sequence_loss(model: Transformer, sequences: Tensor, first_predicted: int) -> Tensor:
    """Mean cross-entropy (a scalar) of the tokens from place `first_predicted` on of `sequences` (batch, length)."""
    logits = model(sequences[:, :-1], first_output=first_predicted - 1)
    return functional.cross_entropy(logits.flatten(0, 1), sequences[:, first_predicted:].flatten())


@torch.no_grad()
def validation_loss(model: Transformer, sequences: Tensor, first_predicted: int) -> float:
    """`sequence_loss` over all `sequences`, in batches that fit any memory."""
    total = 0.0
    for batch in torch.split(sequences, VALIDATION_BATCH):
        total += float(sequence_loss(model, batch.to(torch.int64), first_predicted)) * len(batch)
    return total / len(sequences)


def learning_rate(step: int, peak: float, config: TrainingConfig) -> float:
    """Linear warm-up to `peak`, then a cosine down to its final fraction."""
    if step < config.warmup_steps:
        return peak * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.n_steps - config.warmup_steps)
    floor = config.final_learning_rate_fraction
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW that decays matrices only."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    # Fused: one pass over all weights; a small model spends a third of its step in the unfused optimizer.
    return torch.optim.AdamW(groups, betas=(0.9, config.beta2), fused=True)


def train(model: Transformer, pairs: Pairs, config: ExperimentConfig, report: Report | None = None) -> list[LossRow]:
    """Train `model` in place and return the logged losses, in order of measurement.

    Raises:
        TrainingDivergedError: if a logged loss is not finite.
    """
    settings = config.training
    first_predicted = predicted_positions(config).start
    peak = model.size.learning_rate
    optimizer = make_optimizer(model, settings)
    rows: list[LossRow] = []

    def log(split: str, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingDivergedError(
                f"{split} loss is {loss} at step {step} of profile {config.profile!r}; lower the learning_rate of "
                f"size {model.size.name!r} (now {peak})"
            )
        rate = learning_rate(min(step, settings.n_steps - 1), peak, settings)
        rows.append(LossRow(split, step, loss, rate, step * settings.batch_size * config.sequence_length))

    def validate(step: int) -> None:
        loss = validation_loss(model, pairs.validation, first_predicted)
        log("validation", step, loss)
        if report:
            report(f"step {step}/{settings.n_steps}: validation loss {loss:.4f} nats per token")

    for step in range(settings.n_steps):
        if step % settings.validate_every == 0:
            validate(step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, peak, settings)
        loss = sequence_loss(model, pairs.batch(step, settings.batch_size, settings.seed), first_predicted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        if step % settings.log_every == 0:
            log("train", step, loss.item())
    validate(settings.n_steps)
    return rows
