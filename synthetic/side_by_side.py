"""Train models of one size side by side: their weights stacked, so that one operation works on all of them.

A small model leaves most of a GPU idle: its kernels take less time than starting them. Stacked, the same number of
kernels serves every seed. What each model learns is what it would learn alone, up to the order of additions: its own
batches, its own gradient's norm, its own losses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from synthetic.config import ExperimentConfig, TrainingConfig
from synthetic.machine import Slice, TimeIsUpError
from synthetic.model import Transformer
from synthetic.pairs import Pairs
from synthetic.training import (
    CHECK_EVERY,
    SAVE_EVERY_S,
    BatchLoss,
    LossLog,
    adamw,
    autocast,
    learning_rate,
    predicted_positions,
    validation_loss,
)
from synthetic.training_state import STATES, LossRow, TrainingProgress

Weights = dict[str, Tensor]


class Team:
    """Models of one size, with their weights stacked and one optimizer.

    Args:
        models: by name, at their initial weights, or at those of `progresses`.
        settings: of the training.
        progresses: what earlier, interrupted trainings had done, all as many steps; or None for each.
        template: computes the loss of one model; its own weights are never used.
    """

    def __init__(
        self,
        models: Mapping[str, Transformer],
        settings: TrainingConfig,
        progresses: Sequence[TrainingProgress | None],
        template: BatchLoss,
    ) -> None:
        self.models, self.progresses = models, progresses
        self._template = template
        for model, progress in zip(models.values(), progresses, strict=True):
            if progress is not None:
                model.load_state_dict({name: progress.tensors[f"model.{name}"] for name in model.state_dict()})
        self.weights: Weights = stack_module_state(list(models.values()))[0]
        self.optimizer = adamw(self.weights.values(), settings, matrix_dimensions=3)
        for name, weight in self.weights.items():
            parts = [progress.tensors for progress in progresses if progress is not None]
            if parts:
                kept = {
                    state: parts[0][f"{state}.{name}"]
                    if state == "step"
                    else torch.stack([part[f"{state}.{name}"] for part in parts])
                    for state in STATES
                }
                self.optimizer.state[weight] = {state: value.to(weight.device) for state, value in kept.items()}

    def losses(self, weights: Weights, sequences: Tensor) -> Tensor:
        """The loss of each model on its own batch: sequences (models, batch, length) become (models,)."""

        def of_one(of_model: Weights, batch: Tensor) -> Tensor:
            named = {f"model.{name}": value for name, value in of_model.items()}
            loss: Tensor = functional_call(self._template, named, (batch,))
            return loss

        found: Tensor = vmap(of_one)(weights, sequences)
        return found

    def clip(self, limit: float) -> None:
        """Shrink the gradient of each model to at most that norm."""
        gradients = [weight.grad for weight in self.weights.values() if weight.grad is not None]
        squares = torch.stack([gradient.square().flatten(1).sum(1) for gradient in gradients]).sum(0)
        factors = (limit / (squares.sqrt() + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factors.view(-1, *(1 for _ in gradient.shape[1:])))

    def unstack(self) -> None:
        """Give every model its weights."""
        for index, model in enumerate(self.models.values()):
            model.load_state_dict({name: weight.detach()[index] for name, weight in self.weights.items()})

    def progress(self, model_name: str, step: int, losses: Sequence[LossRow]) -> TrainingProgress:
        """What one model's training has done; its weights must have been unstacked."""
        index = list(self.models).index(model_name)
        tensors = {f"model.{name}": value for name, value in self.models[model_name].state_dict().items()}
        for name, weight in self.weights.items():
            for state in STATES:
                value = self.optimizer.state[weight][state]
                tensors[f"{state}.{name}"] = value if state == "step" else value[index]
        return TrainingProgress(step, tensors, tuple(losses))


class Logs:
    """The losses of a team, its validations and the savings of its progress.

    Args:
        team: in training.
        config: what is done.
        pairs: of each model, in its own order.
        report: told of validation losses, with the model's name.
        save: keeps the progress of one model.
    """

    def __init__(
        self,
        team: Team,
        config: ExperimentConfig,
        pairs: Sequence[Pairs],
        report: Callable[[str, str], None] | None,
        save: Callable[[str, TrainingProgress], None] | None,
    ) -> None:
        self._team, self._config, self._pairs, self._report, self._save = team, config, pairs, report, save
        self._logs = {name: LossLog(config, model.size) for name, model in team.models.items()}
        for log, progress in zip(self._logs.values(), team.progresses, strict=True):
            log.rows.extend(progress.losses if progress else ())

    @property
    def rows(self) -> list[list[LossRow]]:
        """What was measured of each model."""
        return [log.rows for log in self._logs.values()]

    def add(self, step: int, losses: Tensor) -> None:
        """Note the training losses (models,) of a step."""
        for log, loss in zip(self._logs.values(), losses.tolist(), strict=True):
            log.add("train", step, loss)

    def keep(self, step: int) -> None:
        """Save every model's progress, after a look at its weights."""
        self._team.unstack()
        for name, model in self._team.models.items():
            self._logs[name].check_weights(model, step)
            if self._save is not None:
                self._save(name, self._team.progress(name, step, self._logs[name].rows))

    def validate(self, step: int) -> None:
        """Measure and note every model's validation loss."""
        self._team.unstack()
        for (name, model), its_pairs in zip(self._team.models.items(), self._pairs, strict=True):
            sequences = its_pairs.validation
            with autocast(sequences.device.type):
                loss = validation_loss(model, sequences, predicted_positions(self._config).start)
            self._logs[name].add("validation", step, loss)
            if self._report:
                n_steps = self._config.training.n_steps
                self._report(name, f"step {step}/{n_steps}: validation loss {loss:.4f} nats per token")


def train_side_by_side(  # long: the training loop, with its state in sight
    models: Mapping[str, Transformer],
    pairs: Sequence[Pairs],
    config: ExperimentConfig,
    report: Callable[[str, str], None] | None = None,
    *,
    save: Callable[[str, TrainingProgress], None] | None = None,
    progresses: Sequence[TrainingProgress | None] | None = None,
    time_slice: Slice | None = None,
    compiled: bool = False,
) -> list[list[LossRow]]:
    """`synthetic.training.train` for several models of one size at once; returns the logged losses of each.

    Args:
        models: by name, on one device.
        pairs: of each model, in its own order.
        config: what to do.
        report: told of validation losses, with the model's name.
        save: keeps the progress of one model.
        progresses: see `Team`.
        time_slice: when to stop.
        compiled: whether `torch.compile` makes the losses.

    Raises:
        TimeIsUpError: if the time is up; the progress is saved.
        TrainingDivergedError: if a logged loss is not finite.
    """
    settings, size = config.training, next(iter(models.values())).size
    progresses = progresses or [None] * len(models)
    device = pairs[0].validation.device
    # PyTorch's own operations, because those of a CPU with a gradient of their own cannot be stacked.
    template = Transformer(size, config.sequence_length, as_pytorch=True).to(device)
    team = Team(models, settings, progresses, BatchLoss(template, predicted_positions(config).start))
    logs = Logs(team, config, pairs, report, save)
    losses_of = team.losses
    if compiled:
        mode = "reduce-overhead" if device.type == "cuda" else None
        losses_of = torch.compile(team.losses, dynamic=False, mode=mode)
    first_step = progresses[0].step if progresses[0] else 0
    saved_at = time.monotonic()
    for step in range(first_step, settings.n_steps):
        if step % CHECK_EVERY == 0 and step > first_step:
            is_over = time_slice is not None and time_slice.is_over
            if is_over or time.monotonic() - saved_at > SAVE_EVERY_S:
                logs.keep(step)
                saved_at = time.monotonic()
            if is_over:
                raise TimeIsUpError(f"stopped at step {step}/{settings.n_steps}")
        if step % settings.validate_every == 0:
            logs.validate(step)
        for group in team.optimizer.param_groups:
            group["lr"] = learning_rate(step, size.learning_rate, settings)
        team.optimizer.zero_grad()
        batches = torch.stack([its_pairs.batch(step) for its_pairs in pairs])
        with autocast(device.type):
            losses = losses_of(team.weights, batches)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        team.clip(settings.gradient_clip)
        team.optimizer.step()
        if step % settings.log_every == 0:
            logs.add(step, losses)
    logs.validate(settings.n_steps)
    return logs.rows
