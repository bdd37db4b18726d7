"""Train one transformer on the teacher's pairs: AdamW, warm-up and cosine, cross-entropy.

The loss is the mean cross-entropy in nats over the predicted tokens: those of u, or of the whole sequence but its first
token (`TrainingConfig.loss_on`). Everything random is a function of the seed and the step, so that weights, optimizer
state and step are all that an interrupted training needs to go on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import ExperimentConfig, ModelSize, TrainingConfig
from synthetic.machine import ALONE, Slice, TimeIsUpError, World
from synthetic.model import Transformer
from synthetic.pairs import Pairs
from synthetic.training_state import LossRow as LossRow
from synthetic.training_state import TrainingProgress
from warehouse.tell import Tell, silence

VALIDATION_BATCH = 1_024

SAVE_EVERY_S = 60
"""Seconds between two savings of the progress made."""

CHECK_EVERY = 10
"""Steps between two looks at the clock, on which all processes must agree."""

Save = Callable[[TrainingProgress], None]


class TrainingDivergedError(RuntimeError):
    """The loss is no longer a number."""


def predicted_positions(config: ExperimentConfig) -> range:
    """Places of the sequence whose tokens the loss is over."""
    first = 1 if config.training.loss_on == "sequence" else config.update_length
    return range(first, config.sequence_length)


def sequence_loss(model: nn.Module, sequences: Tensor, first_predicted: int) -> Tensor:
    """Mean cross-entropy (a scalar) of the tokens from place `first_predicted` on of `sequences` (batch, length)."""
    logits = model(sequences[:, :-1], first_output=first_predicted - 1)
    return functional.cross_entropy(logits.flatten(0, 1), sequences[:, first_predicted:].flatten())


@torch.no_grad()
def validation_loss(model: Transformer, sequences: Tensor, first_predicted: int) -> float:
    """`sequence_loss` over all `sequences`, in batches that fit any memory."""
    batches = torch.split(sequences, VALIDATION_BATCH)
    losses = torch.stack([sequence_loss(model, batch.to(torch.int64), first_predicted) for batch in batches])
    total: float = sum(loss * len(batch) for loss, batch in zip(losses.tolist(), batches, strict=True))
    return total / len(sequences)


class BatchLoss(nn.Module):
    """A model and its loss in one: what is compiled, and what many processes share."""

    def __init__(self, model: nn.Module, first_predicted: int) -> None:
        super().__init__()
        self.model = model
        self.first_predicted = first_predicted

    def forward(self, sequences: Tensor) -> Tensor:
        """`sequence_loss` of a batch."""
        return sequence_loss(self.model, sequences, self.first_predicted)


def learning_rate(step: int, peak: float, config: TrainingConfig) -> float:
    """Linear warm-up to `peak`, then a cosine down to its final fraction."""
    if step < config.warmup_steps:
        return peak * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.n_steps - config.warmup_steps)
    floor = config.final_learning_rate_fraction
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def adamw(weights: Iterable[Tensor], config: TrainingConfig, *, matrix_dimensions: int = 2) -> torch.optim.AdamW:
    """AdamW that decays matrices only: weights of so many dimensions."""
    parameters = list(weights)
    groups = [
        {"params": [p for p in parameters if p.dim() >= matrix_dimensions], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < matrix_dimensions], "weight_decay": 0.0},
    ]
    # Fused: one pass over all weights; a small model spends a third of its step in the unfused optimizer.
    return torch.optim.AdamW(groups, betas=(0.9, config.beta2), fused=True)


def train(  # long: the training loop, with its state in sight
    model: Transformer,
    pairs: Pairs,
    config: ExperimentConfig,
    report: Tell = silence,
    *,
    save: Save | None = None,
    progress: TrainingProgress | None = None,
    time_slice: Slice | None = None,
    world: World = ALONE,
    compiled: bool = False,
) -> list[LossRow]:
    """Train `model` in place, on its device, and return the logged losses, in order of measurement.

    On a GPU the arithmetic is bfloat16 where PyTorch's autocast deems it safe, on the CPU float32.

    Args:
        model: at its initial weights, or at those of `progress`.
        pairs: on the model's device.
        config: what to do.
        report: told of validation losses.
        save: keeps the progress made; called about once a minute and when the time is up.
        progress: what an earlier, interrupted training had done.
        time_slice: when to stop.
        world: the processes that train together.
        compiled: whether `torch.compile` makes the loss; it needs a C++ compiler on the CPU, and pays in long runs.

    Raises:
        TimeIsUpError: if the time is up; the progress is saved.
        TrainingDivergedError: if a logged loss is not finite.
    """
    settings = config.training
    first_predicted = predicted_positions(config).start
    device_type = pairs.validation.device.type
    optimizer = adamw(model.parameters(), settings)
    log = LossLog(config, model.size)
    first_step = 0
    if progress is not None:
        progress.restore(model, optimizer)
        log.rows.extend(progress.losses)
        first_step = progress.step
    loss_of = BatchLoss(model, first_predicted)
    if compiled:
        # On a GPU, "reduce-overhead" also replays the kernels of a step as CUDA graphs.
        loss_of.compile(dynamic=False, mode="reduce-overhead" if device_type == "cuda" else None)
    spread = world.spread(loss_of)
    saved_at = time.monotonic()

    def keep(step: int) -> None:
        log.check_weights(model, step)  # before they replace better ones
        if save is not None and world.is_first:
            save(TrainingProgress.of(model, optimizer, step, log.rows))

    def validate(step: int) -> None:
        with autocast(device_type):
            loss = validation_loss(model, pairs.validation, first_predicted)
        log.add("validation", step, loss)
        report(f"step {step}/{settings.n_steps}: validation loss {loss:.4f} nats per token")

    for step in range(first_step, settings.n_steps):
        if step % CHECK_EVERY == 0 and step > first_step:
            is_over = world.agree(time_slice is not None and time_slice.is_over)
            if is_over or time.monotonic() - saved_at > SAVE_EVERY_S:
                keep(step)
                saved_at = time.monotonic()
            if is_over:
                raise TimeIsUpError(f"stopped at step {step}/{settings.n_steps}")
        if step % settings.validate_every == 0:
            validate(step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, model.size.learning_rate, settings)
        optimizer.zero_grad()  # before the forward pass: a replayed graph writes where the last gradients are
        with autocast(device_type):
            loss = spread(world.share_of(pairs.batch(step)))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        if step % settings.log_every == 0:
            log.add("train", step, world.mean(loss).item())
    validate(settings.n_steps)
    return log.rows


def autocast(device_type: str) -> torch.autocast:
    """bfloat16 on a GPU, nothing on the CPU."""
    return torch.autocast(device_type, torch.bfloat16, enabled=device_type == "cuda")


class LossLog:
    """The losses measured so far, each checked to be a number."""

    def __init__(self, config: ExperimentConfig, size: ModelSize) -> None:
        self.rows: list[LossRow] = []
        self._config = config
        self._size = size

    def add(self, split: str, step: int, loss: float) -> None:
        """Note one measurement.

        Raises:
            TrainingDivergedError: if it is not finite.
        """
        settings = self._config.training
        if not math.isfinite(loss):
            raise self._diverged(f"{split} loss is {loss}", step)
        rate = learning_rate(min(step, settings.n_steps - 1), self._size.learning_rate, settings)
        n_tokens = step * settings.batch_size * self._config.sequence_length
        self.rows.append(LossRow(split, step, loss, rate, n_tokens))

    def check_weights(self, model: nn.Module, step: int) -> None:
        """Raise TrainingDivergedError if a weight is not finite."""
        if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
            raise self._diverged("a weight is no longer a number", step)

    def _diverged(self, what: str, step: int) -> TrainingDivergedError:
        return TrainingDivergedError(
            f"{what} at step {step} of profile {self._config.profile!r}; lower the learning_rate of size "
            f"{self._size.name!r} (now {self._size.learning_rate})"
        )
