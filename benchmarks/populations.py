"""Populations of questions whose true incoherence is known, and experiments drawn from them as numbers per item.

Four options, option 0 right. An item has answer probabilities p; a sample is one answer drawn by them. Its unit tests:
a right answer passes all, a wrong one those of a pattern of the item's own. What is drawn are counts per item, context
and option: a sample's place among others does not matter to any decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

N_OPTIONS, N_TESTS = 4, 6
DELTA = 1e-12
N_CONTEXTS = 10
DECOMPOSITIONS = ("brier", "kl", "coverage", "score")
POPULATIONS = ("typical", "hard", "chance", "easy99", "heavy", "contexts", "families")

CONTEXT_SD = 0.3
"""Standard deviation over contexts of the logit of a right answer."""

DIFFICULTY_SD, ICC = 2.0, 0.2
"""Of the logit of a right answer over items, and the share of its variance between families."""


@dataclass(frozen=True)
class Items:
    """Items of many experiments.

    Attributes:
        probs: (experiments, items, options) answer probabilities.
        passes: (experiments, items, options, tests) which tests an answer passes.
        families: (items,) which items are relatives.
    """

    probs: Array
    passes: Array
    families: NDArray[np.int64]


def draw_items(population: str, shape: tuple[int, int], rng: np.random.Generator) -> Items:
    """Items of a population; shape: experiments, items of each."""
    families = families_of(shape[1])
    passes = (rng.random((*shape, N_OPTIONS, N_TESTS)) < 0.5).astype(float)
    passes[..., 0] = 0
    passes[..., 0, :] = 1
    return Items(_probabilities(population, shape, families, rng), passes, families)


def families_of(n_items: int) -> NDArray[np.int64]:
    """(items,) which family each belongs to: of 2, 5 or 8 items."""
    return np.arange(n_items) // (2 if n_items < 20 else 5 if n_items < 100 else 8)


def _probabilities(
    population: str, shape: tuple[int, int], families: NDArray[np.int64], rng: np.random.Generator
) -> Array:
    one_hot = np.eye(N_OPTIONS)
    if population in ("typical", "contexts"):
        mode = np.where(rng.random(shape) < 0.6, 0, rng.integers(1, N_OPTIONS, size=shape))
        scattered = rng.beta(0.7, 0.7, size=shape)[..., None]
        return scattered * rng.dirichlet(np.ones(N_OPTIONS), size=shape) + (1 - scattered) * one_hot[mode]
    if population == "hard":
        return rng.dirichlet(np.ones(N_OPTIONS), size=shape)
    if population == "chance":
        return np.full((*shape, N_OPTIONS), 1 / N_OPTIONS)
    if population == "easy99":
        right = rng.beta(9.9, 0.1, size=shape)[..., None]
        return right * one_hot[0] + (1 - right) * one_hot[rng.integers(1, N_OPTIONS, size=shape)]
    if population == "heavy":
        right = 1 - np.clip(np.exp(rng.normal(-6, 2.5, size=shape)), 0, 1)
    elif population == "families":
        shared = rng.normal(size=(shape[0], families[-1] + 1))[:, families]
        own = rng.normal(size=shape)
        logit = DIFFICULTY_SD * (np.sqrt(ICC) * shared + np.sqrt(1 - ICC) * own)
        right = 1 / (1 + np.exp(-logit))
    else:
        raise ValueError(f"no population {population!r}; there are {', '.join(POPULATIONS)}")
    wrong = rng.dirichlet(np.ones(N_OPTIONS - 1), size=shape)
    return np.concatenate([right[..., None], (1 - right)[..., None] * wrong], axis=-1)


def shifted(probs: Array, shift: Array | float) -> Array:
    """Probabilities after a shift of the logit of the right answer; the others keep their proportions."""
    right = np.clip(probs[..., 0], 1e-12, 1 - 1e-12)
    moved = 1 / (1 + np.exp(-(np.log(right / (1 - right)) + shift)))
    result = probs * ((1 - moved) / (1 - right))[..., None]
    result[..., 0] = moved
    return result


def draw_counts(population: str, items: Items, n_samples: int, rng: np.random.Generator) -> Array:
    """(experiments, items, contexts, options) answers; one context where the population has none."""
    probs = items.probs[:, :, None, :]
    if population != "contexts":
        return rng.multinomial(n_samples, probs).astype(float)
    n_contexts = min(N_CONTEXTS, n_samples)
    shift = rng.normal(0, CONTEXT_SD, size=(len(probs), 1, n_contexts))
    moved = shifted(np.repeat(probs, n_contexts, axis=2), shift)
    return rng.multinomial(n_samples // n_contexts, moved).astype(float)


@cache
def true_incoherence(
    population: str, better: float = 0.0, n_items: int = 1_000_000, seed: int = 99
) -> dict[str, float]:
    """Σ variance / Σ error per decomposition, from the expectations of very many items.

    Args:
        population: one of POPULATIONS.
        better: the share of every answer that is replaced by the right one (`improved`).
        n_items: drawn; the standard error of a ratio is below 0.001.
        seed: of the items.
    """
    parts = np.zeros((len(DECOMPOSITIONS), 2))
    rng = np.random.default_rng(seed)
    for _ in range(10):
        items = draw_items(population, (1, n_items // 10), rng)
        probs = improved(items.probs, better)[0]
        if population == "contexts":
            points, weights = np.polynomial.hermite_e.hermegauss(25)
            probs = sum(
                weight / weights.sum() * shifted(probs, CONTEXT_SD * point)
                for point, weight in zip(points, weights, strict=True)
            )
        passing = np.einsum("ik,ikt->it", probs, items.passes[0])
        logs = probs * log_smoothed(1.0) + (1 - probs) * log_smoothed(0.0)
        parts += [
            [np.sum(1 - np.sum(probs**2, axis=-1)), np.sum(2 * (1 - probs[:, 0]))],
            [np.sum(kl_variance(logs)), np.sum(-logs[:, 0])],
            [np.sum(passing * (1 - passing)), np.sum(1 - passing)],
            [np.sum(probs[:, 0] * (1 - probs[:, 0])), np.sum(1 - probs[:, 0])],
        ]
    return dict(zip(DECOMPOSITIONS, (float(v / e) for v, e in parts), strict=True))


def improved(probs: Array, share: float) -> Array:
    """Probabilities of a model that knows the answer with this probability, and else answers as before."""
    return (1 - share) * probs + share * np.eye(N_OPTIONS)[0]


def log_smoothed(prob: float) -> float:
    """ln f′ of a probability f, as KL smooths it."""
    return float(np.log((prob + DELTA) / (1 + N_OPTIONS * DELTA)))


def kl_variance(logs: Array) -> Array:
    """−ln Σ_c exp ℓ[c] over the last axis: the KL variance of mean logarithms ℓ."""
    most = logs.max(axis=-1, keepdims=True)
    found: Array = np.maximum(-(most[..., 0] + np.log(np.exp(logs - most).sum(axis=-1))), 0.0)
    return found
