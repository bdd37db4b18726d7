"""What the family can do on held-out items, as a table: `python -m synthetic.reasoner.evaluate`.

A quick look without the warehouse, whose own figures are made by dbt.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthetic.reasoner.family import CHECKPOINTS, SIZES
from synthetic.reasoner.generate import LocalReasoner
from synthetic.reasoner.task import (
    ANSWER,
    BUDGETS,
    CHOICE_LABELS,
    MAX_OPERATIONS,
    MAX_SHOTS,
    WAIT,
    examples,
    items,
    render_prompt,
)

N_CONTEXTS = 10
DELTA = 1e-12
"""Smoothing of the KL decomposition."""


@dataclass(frozen=True)
class Evaluation:
    """One model under one budget.

    Attributes:
        chosen: 0-based option of each sample, −1 for a format failure; shape (items, epochs).
        target: right option of each item.
        n_operations: length of each item.
        n_reasoning_tokens: shape (items, epochs).
        n_waits: likewise.
        elapsed_s: time to sample.
    """

    chosen: NDArray[np.int64]
    target: NDArray[np.int64]
    n_operations: NDArray[np.int64]
    n_reasoning_tokens: NDArray[np.int64]
    n_waits: NDArray[np.int64]
    elapsed_s: float

    def accuracy(self, n_operations: int | None = None) -> float:
        """Share of right answers, of all items or of those of one length."""
        is_asked = np.ones(len(self.target), bool) if n_operations is None else self.n_operations == n_operations
        return float((self.chosen == self.target[:, None])[is_asked].mean())

    def incoherence(self, decomposition: str) -> float:
        """Σ variance / Σ error over items, `brier` or `kl`; a format failure counts as uniform probabilities."""
        n_classes = len(CHOICE_LABELS)
        probabilities = np.where(
            self.chosen[:, :, None] < 0, 1 / n_classes, self.chosen[:, :, None] == np.arange(n_classes)
        )
        if decomposition == "brier":
            mean = probabilities.mean(axis=1, keepdims=True)
            variance = ((mean - probabilities) ** 2).sum(axis=2).mean(axis=1)
            error = ((np.eye(n_classes)[self.target][:, None] - probabilities) ** 2).sum(axis=2).mean(axis=1)
        else:
            mean_log = np.log((probabilities + DELTA) / (1 + n_classes * DELTA)).mean(axis=1)
            variance = -np.log(np.exp(mean_log - mean_log.max(axis=1, keepdims=True)).sum(axis=1)) - mean_log.max(
                axis=1
            )
            error = -mean_log[np.arange(len(self.target)), self.target]
        return float(variance.sum() / error.sum())


def evaluate(reasoner: LocalReasoner, budget: str, n_items: int, n_epochs: int, seed: int) -> Evaluation:
    """Sample `n_epochs` completions of each item, the few-shot contexts taking turns."""
    asked = items(n_items, seed)
    contexts = [examples(MAX_SHOTS, seed + context) for context in range(N_CONTEXTS)]
    prompts = [render_prompt(item, contexts[n % N_CONTEXTS], budget) for item in asked for n in range(n_epochs)]
    started = time.perf_counter()
    generations = reasoner.generate(prompts, seeds=range(len(prompts)))
    elapsed_s = time.perf_counter() - started
    letters = [generation.text.removeprefix(ANSWER).strip() for generation in generations]
    chosen = [CHOICE_LABELS.index(letter) if letter in tuple(CHOICE_LABELS) else -1 for letter in letters]
    shape = (n_items, n_epochs)
    return Evaluation(
        chosen=np.array(chosen).reshape(shape),
        target=np.array([item.target_index for item in asked]),
        n_operations=np.array([item.n_operations for item in asked]),
        n_reasoning_tokens=np.array([generation.n_reasoning_tokens for generation in generations]).reshape(shape),
        n_waits=np.array([generation.reasoning.split().count(WAIT) for generation in generations]).reshape(shape),
        elapsed_s=elapsed_s,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m synthetic.reasoner.evaluate", description=__doc__)
    parser.add_argument("names", nargs="*", default=[size.name for size in SIZES], help="which models; all if none")
    parser.add_argument("--folder", type=Path, default=CHECKPOINTS, help="folder of the checkpoints")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    lengths = range(1, MAX_OPERATIONS + 1)
    head = ["model", "parameters", "budget", "accuracy", *map(str, lengths), "format failures", "reasoning tokens"]
    _print_row([*head, "waits", "incoherence (KL)", "incoherence (Brier)", "completions/s"])
    _print_row(["---"] * 18)
    for name in options.names:
        reasoner = LocalReasoner.load(name, options.folder)
        for budget in BUDGETS:
            seen = evaluate(reasoner, budget, options.items, options.epochs, options.seed)
            _print_row(
                [name, f"{reasoner.param_count:,}", budget]
                + [f"{seen.accuracy(length):.2f}" for length in (None, *lengths)]
                + [f"{(seen.chosen < 0).mean():.1%}", f"{seen.n_reasoning_tokens.mean():.1f}"]
                + [f"{seen.n_waits.mean():.2f}"]
                + [f"{seen.incoherence(decomposition):.3f}" for decomposition in ("kl", "brier")]
                + [f"{seen.chosen.size / seen.elapsed_s:.0f}"]
            )


def _print_row(cells: Sequence[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
