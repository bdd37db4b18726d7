"""Train the family and write its checkpoints: `python -m synthetic.reasoner.train`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import ModelSize, TrainingConfig
from synthetic.model import Transformer
from synthetic.reasoner.data import Batch, Recipe, drill, solutions
from synthetic.reasoner.family import DRILL_EVERY, DRILL_FRACTION, new_model
from synthetic.reasoner.task import MODULUS
from synthetic.training import LossRow, learning_rate, make_optimizer

DRILL_BATCH = 8
DRILL_STEPS = 36

EMBEDDING_STD = 0.1

Report = Callable[[str], None]


def initial_model(size: ModelSize, seed: int) -> Transformer:
    """A model before training.

    Positions start as sinusoids and embeddings larger than a language model's: looking a fixed number of tokens back,
    which every step of a chain needs, is then learnt once and not for every position.
    """
    model: Transformer = new_model(size)
    model.initialise(seed)
    with torch.no_grad():
        model.embedding.weight.mul_(EMBEDDING_STD / float(model.embedding.weight.std()))
        model.positions.copy_(EMBEDDING_STD * _sinusoids(model.capacity, size.width))
    return model


def _sinusoids(n_positions: int, width: int) -> Tensor:
    place = torch.arange(n_positions, dtype=torch.float32).unsqueeze(1)
    frequency = 2.0 * torch.exp(-math.log(200.0) * torch.arange(width // 2) / (width // 2))
    return torch.cat([torch.sin(place * frequency), torch.cos(place * frequency)], dim=1)


def loss_of(model: Transformer, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats over the batch's targets."""
    tokens = torch.from_numpy(batch.tokens)
    is_target = torch.from_numpy(batch.is_target)[:, 1:]
    return functional.cross_entropy(model(tokens[:, :-1])[is_target], tokens[:, 1:][is_target])


def training_batches(settings: TrainingConfig, recipe: Recipe) -> Iterator[Batch]:
    """The batch of each step, the same for every size.

    First drill with operands that grow from 3 to all, then solutions with some drill between them.
    """
    n_drill = round(settings.n_steps * DRILL_FRACTION)
    written = solutions(recipe, settings.batch_size, settings.n_steps - n_drill, settings.seed)
    for step in range(settings.n_steps):
        if step < n_drill or step % DRILL_EVERY == 0:
            largest = min(MODULUS - 1, 3 + int(step / (0.8 * n_drill) * MODULUS))
            rng = np.random.default_rng([settings.seed, step])
            yield drill(DRILL_BATCH, DRILL_STEPS, largest, rng)
        else:
            yield next(written)


@torch.no_grad()
def validation_loss(model: Transformer, batches: list[Batch]) -> float:
    """Mean over target tokens of held-out solutions, in nats."""
    weights = [int(batch.is_target[:, 1:].sum()) for batch in batches]
    total = sum(weight * loss_of(model, batch).item() for weight, batch in zip(weights, batches, strict=True))
    return total / sum(weights)


def train_reasoner(
    size: ModelSize, settings: TrainingConfig, recipe: Recipe, report: Report | None = None
) -> tuple[Transformer, list[LossRow]]:
    """Train one size from scratch."""
    model = initial_model(size, settings.seed)
    optimizer = make_optimizer(model, settings)
    validation = list(solutions(recipe, 64, settings.n_validation_pairs // 64, settings.seed, held_out=True))
    rows: list[LossRow] = []
    n_tokens = 0
    started = time.monotonic()
    for step, batch in enumerate(training_batches(settings, recipe)):
        rate = learning_rate(step, size.learning_rate, settings)
        if step % settings.validate_every == 0:
            rows.append(LossRow("validation", step, validation_loss(model, validation), rate, n_tokens))
            if report:
                report(
                    f"{size.name} step {step}/{settings.n_steps}: validation loss {rows[-1].loss:.4f} ({time.monotonic() - started:.0f} s)"
                )
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        if step % settings.log_every == 0:
            rows.append(LossRow("train", step, loss.item(), rate, n_tokens))
        n_tokens += batch.tokens.size
    rows.append(LossRow("validation", settings.n_steps, validation_loss(model, validation), rate, n_tokens))
    if report:
        report(
            f"{size.name} step {settings.n_steps}/{settings.n_steps}: validation loss {rows[-1].loss:.4f} ({time.monotonic() - started:.0f} s)"
        )
    return model, rows
