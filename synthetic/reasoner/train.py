"""Train the family and write its checkpoints: `python -m synthetic.reasoner.train`.

Every size sees the same batches in the same order: first drill alone, which begins with answers and small operands;
then written solutions, with some drill between them.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import ModelSize
from synthetic.model import Transformer, param_count
from synthetic.reasoner.data import Batch, Recipe, drill, solutions
from synthetic.reasoner.family import CHECKPOINTS, RECIPE, SIZES, TRAINING, ReasonerTraining, save_model, size_named
from synthetic.reasoner.network import WINDOW, new_model, windows_of
from synthetic.reasoner.task import CHOICE_LABELS, MODULUS, TOKEN_IDS, WORDS
from synthetic.training import LossRow, TrainingDivergedError, adamw, learning_rate
from warehouse.parquet import atomic_path
from warehouse.tell import Tell, silence

INITIAL_STD = 0.1
"""Of embeddings and positions, which start out equally loud."""

DECISION_WEIGHT = 4.0
"""What a decision counts in the loss: how to go on after a result, and which letter to give. Any other token counts 1;
of those there are many in a solution, of decisions that are not obvious a few."""

FIRST_ANSWER_SHARE, ANSWER_SHARE = 0.8, 0.2
"""Of drill: at the very beginning, and later."""

SMALLEST_LIMIT = 3
"""Largest operand of the first drill."""

VALIDATION_BATCH = 64


_RESULT_IDS = torch.tensor([TOKEN_IDS[f"={value}"] for value in range(MODULUS)])
_LETTER_IDS = torch.tensor([TOKEN_IDS[label] for label in CHOICE_LABELS])


def initial_model(size: ModelSize, seed: int) -> Transformer:
    """A model before training.

    Two things are not left to chance, because they would otherwise be learnt over and over. Positions start as
    sinusoids: looking a fixed number of tokens back is then one thing to learn and not one for every position. And a
    result that was just written starts out as the vector of the number that it is, so that finding it among the options
    is one thing to learn and not one for every number.
    """
    model = new_model(size)
    model.initialise(seed)
    with torch.no_grad():
        model.embedding.weight.mul_(INITIAL_STD / model.embedding.weight.std())
        model.positions.copy_(INITIAL_STD * _sinusoids(model.capacity, size.width))
        current, previous = model.embedding.weight.view(WINDOW, len(WORDS), size.width)[:2]
        for value in range(MODULUS):
            previous[TOKEN_IDS[f"={value}"]] = current[TOKEN_IDS[str(value)]]
    return model


def _sinusoids(n_positions: int, width: int) -> Tensor:
    place = torch.arange(n_positions, dtype=torch.float32).unsqueeze(1)
    frequency = 2.0 * torch.exp(-math.log(200.0) * torch.arange(width // 2) / (width // 2))
    return torch.cat([torch.sin(place * frequency), torch.cos(place * frequency)], dim=1)


def batch_loss(model: Transformer, batch: Batch) -> Tensor:
    """Weighted mean cross-entropy (a scalar, in nats) over the batch's targets."""
    tokens = torch.from_numpy(batch.tokens)
    is_target = torch.from_numpy(batch.is_target)[:, 1:]
    targets, before = tokens[:, 1:][is_target], tokens[:, :-1][is_target]
    losses = functional.cross_entropy(model(windows_of(tokens[:, :-1]))[is_target], targets, reduction="none")
    is_decision = torch.isin(before, _RESULT_IDS) | torch.isin(targets, _LETTER_IDS)
    weights = torch.where(is_decision, DECISION_WEIGHT, 1.0)
    return (losses * weights).sum() / weights.sum()


@torch.no_grad()
def validation_loss(model: Transformer, batches: Sequence[Batch]) -> float:
    """Mean of the batches' losses, in nats."""
    return float(np.mean([batch_loss(model, batch).item() for batch in batches]))


def training_batches(settings: ReasonerTraining, recipe: Recipe) -> Iterator[Batch]:
    """The batch of each step; a pure function of the arguments."""
    n_drill = round(settings.n_steps * recipe.drill_fraction)
    n_answers, n_limited = (round(n_drill * share) for share in (recipe.answers_until, recipe.growth_until))
    written = solutions(recipe, settings.batch_size, settings.n_steps - n_drill, settings.seed)
    for step in range(settings.n_steps):
        if step < n_drill or step % recipe.drill_every == 0:
            grown = max(0.0, (step - n_answers) / max(1, n_limited - n_answers))
            largest = min(MODULUS - 1, SMALLEST_LIMIT + int(grown * (MODULUS - SMALLEST_LIMIT)))
            answer_share = FIRST_ANSWER_SHARE if step < n_answers else ANSWER_SHARE
            rng = np.random.default_rng([settings.seed, step])
            yield drill(settings.batch_size // 2, largest, answer_share, rng)
        else:
            yield next(written)


def train_reasoner(
    size: ModelSize, settings: ReasonerTraining, recipe: Recipe, report: Tell = silence
) -> tuple[Transformer, list[LossRow]]:
    """Train one size from scratch; return the model and the logged losses, in order of measurement.

    Raises:
        TrainingDivergedError: if a logged loss is not finite.
    """
    model = initial_model(size, settings.seed)
    optimizer = adamw(model.parameters(), settings)
    n_validation = max(1, settings.n_validation_pairs // VALIDATION_BATCH)
    validation = list(solutions(recipe, VALIDATION_BATCH, n_validation, settings.seed, held_out=True))
    rows: list[LossRow] = []
    started = time.process_time()
    n_tokens = 0

    def log(split: str, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingDivergedError(f"{size.name}: {split} loss is {loss} at step {step}; lower its learning_rate")
        rate = learning_rate(min(step, settings.n_steps - 1), size.learning_rate, settings)
        rows.append(LossRow(split, step, loss, rate, n_tokens))
        if split == "validation":
            report(
                f"{size.name} ({param_count(model):,} parameters) step {step}/{settings.n_steps}: "
                f"validation loss {loss:.4f} nats per token, {time.process_time() - started:.0f} s of CPU time"
            )

    for step, batch in enumerate(training_batches(settings, recipe)):
        if step % settings.validate_every == 0:
            log("validation", step, validation_loss(model, validation))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, size.learning_rate, settings)
        loss = batch_loss(model, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        if step % settings.log_every == 0:
            log("train", step, loss.item())
        n_tokens += batch.tokens.size
    log("validation", settings.n_steps, validation_loss(model, validation))
    return model, rows


def write_losses(path: Path, rows: Sequence[LossRow]) -> None:
    """The loss curve as CSV."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("split", "step", "loss", "learning_rate", "n_tokens"))
        writer.writerows(
            (row.split, row.step, f"{row.loss:.4f}", f"{row.learning_rate:.3g}", row.n_tokens) for row in rows
        )


def train_and_save(name: str, folder: Path) -> None:
    """Train the size of that name and write its checkpoint and loss curve into a folder, `NAME.safetensors` and
    `NAME.loss.csv`.

    On one thread: with more, the order of sums, and so the weights, would depend on how many there are.
    """
    torch.set_num_threads(1)
    model, rows = train_reasoner(size_named(name), TRAINING, RECIPE, lambda line: print(line, flush=True))  # noqa: T201
    save_model(folder, model, TRAINING, RECIPE)
    write_losses(folder / f"{name}.loss.csv", rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m synthetic.reasoner.train", description=__doc__)
    parser.add_argument("sizes", nargs="*", default=[size.name for size in SIZES], help="which to train; all if none")
    parser.add_argument("--folder", type=Path, default=CHECKPOINTS, help="where to write checkpoints and loss curves")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="sizes that are trained side by side")
    options = parser.parse_args(arguments)
    sizes = [size_named(name).name for name in options.sizes]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        # The largest takes the longest, so it starts first.
        for _ in pool.map(train_and_save, reversed(sizes), repeat(options.folder)):
            pass


if __name__ == "__main__":
    main()
