"""Corrected incoherence with its interval, written out: every unit and every context is really left out.

The scheme: logit scale, delete-one jackknife over units, what all units have in common over contexts added, Student's t
with the degrees of freedom of both; differences from the two intervals and the jackknife's covariance ("MOVER").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

import numpy as np
from scipy import stats

from tests.oracles.answers import ItemAnswers
from tests.oracles.decompositions import Array, kl
from tests.oracles.pooling import Shift, shift_of_mean

ZERO = 1e-9
MIN_SHARE, MIN_LEAD, MIN_LEAD_PER_SAMPLE, MIN_AGREEMENT = 2.0, 0.38, 0.05, 3.0
"""dbt's vars min_error_share, min_mode_lead, min_mode_lead_per_sample, min_agreement."""


@dataclass(frozen=True)
class Unit:
    """What an item (or a starting point) brings.

    Attributes:
        error: its error.
        variance: corrected for few samples; None with one sample.
        share: error in items that are always wrong; infinite where there is no such gate.
        margin: by how much the most frequent answer leads beyond what KL asks for; None where KL does not ask.
        shifts: per context, how error and variance shift without it, centred on 0.
        agreement: how much more often its samples agree than at random, in standard deviations of that; None likewise.
    """

    error: float
    variance: float | None
    share: float = float("inf")
    margin: float | None = None
    shifts: dict[str, tuple[float, float]] = field(default_factory=dict)
    agreement: float | None = None


@dataclass(frozen=True)
class Estimate:
    """A corrected ratio; ends are None where it has no interval."""

    ratio: float | None
    low: float | None
    high: float | None
    n_effective: float | None
    note: str | None
    inside: Inside | None = None


@dataclass(frozen=True)
class Inside:
    """What a difference needs of an estimate that has an interval."""

    jackknife: Array
    residuals: Array
    by_context: Array
    standard_error: float
    t_975: float


def shifts_of(units: Sequence[Unit], part: str) -> list[dict[str, float]]:
    """By how much a mean of error, bias² or variance shifts through each unit without a context."""
    weights = {"error": (1, 0), "variance": (0, 1), "bias_sq": (1, -1)}[part.removesuffix("_unbiased")]
    return [
        {name: weights[0] * error + weights[1] * variance for name, (error, variance) in unit.shifts.items()}
        for unit in units
    ]


def accuracy_shift(answers: ItemAnswers) -> Shift:
    """By how much an item's accuracy shifts without each of its contexts."""
    right = [float(choice == answers.target) for choice in answers.predicted]
    return shift_of_mean(right, [sample["context_id"] for sample in answers.samples])


@cache  # most tests of a decomposition ask for the same items
def choice_unit(answers: ItemAnswers, decomposition: str) -> Unit:
    """An item with options, by KL or Brier."""
    contexts = [sample["context_id"] for sample in answers.samples]
    if decomposition == "brier":
        wanted = np.eye(answers.probs.shape[1])[answers.target]
        error, variance, shifts = _of_pairs(answers.probs - wanted, contexts)
        return Unit(error, variance, error / 2, None, shifts)
    error, variance, shifts = _of_kl(answers.probs, answers.target, contexts)
    counts = np.sort([answers.predicted.count(option) for option in range(answers.probs.shape[1])])[-2:]
    is_one_hot = all(
        sample["class_probs"] is None or choice is None
        for sample, choice in zip(answers.samples, answers.predicted, strict=True)
    )
    margin = agreement = None
    if is_one_hot and counts.sum():
        lead = (counts[1] - counts[0]) ** 2 / counts.sum()
        margin = float(lead - MIN_LEAD - MIN_LEAD_PER_SAMPLE * len(answers.probs))
        agreement = _excess_agreement([choice for choice in answers.predicted if choice is not None], answers)
    return Unit(error, variance, 1 - answers.accuracy, margin, shifts, agreement)


def _excess_agreement(choices: list[int], answers: ItemAnswers) -> float | None:
    """Share of agreeing pairs less 1/C, over the standard deviation that it has where all C options are as likely."""
    chance, pairs = 1 / answers.probs.shape[1], list(combinations(choices, 2))
    if not pairs:
        return None
    share = float(np.mean([one == other for one, other in pairs]))
    return (share - chance) / float(np.sqrt(chance * (1 - chance) / len(pairs)))


def graded_unit(outcomes: Array, contexts: Sequence[str] | None = None) -> Unit:
    """An item of (S, T) graded outcomes."""
    misses = (outcomes - 1) / np.sqrt(outcomes.shape[1])
    error, variance, shifts = _of_pairs(misses, list(contexts or ["none"] * len(outcomes)))
    return Unit(error, variance, error, None, shifts)


def item_variance(probs: Array, target: int, contexts: Sequence[str], decomposition: str) -> float | None:
    """Corrected variance of an item with options."""
    if decomposition == "brier":
        return _of_pairs(probs - np.eye(probs.shape[1])[target], list(contexts))[1]
    return _of_kl(probs, target, list(contexts))[1]


Parts = tuple[float, float | None, dict[str, tuple[float, float]]]


def _of_pairs(misses: Array, contexts: list[str]) -> Parts:
    """Half the mean squared distance of samples of different contexts; of one context, of different samples."""
    error = float(np.mean(np.sum(misses**2, axis=1)))
    groups = contexts if len(set(contexts)) > 1 else list(range(len(contexts)))
    variance = _half_distance(misses, groups)
    if len(set(contexts)) < 2:
        return error, variance, {}
    names, where = sorted(set(contexts)), np.array(contexts)
    errors = {name: float(np.mean(np.sum(misses[where != name] ** 2, axis=1))) for name in names}
    variances = {name: _half_distance(misses[where != name], list(where[where != name])) for name in names}
    return error, variance, _centred(errors, variances)


def _half_distance(vectors: Array, groups: Sequence[object]) -> float | None:
    _, number = np.unique(np.array(groups), return_inverse=True)
    apart = number[:, None] != number[None, :]
    if not apart.any():
        return None
    distances = np.sum((vectors[:, None, :] - vectors[None, :, :]) ** 2, axis=-1) / 2
    return float(distances[apart].mean())


def _of_kl(probs: Array, target: int, contexts: list[str]) -> Parts:
    """The jackknife, over contexts of any size where there are several, else over samples."""
    everything = kl(probs, target)
    groups = np.array(contexts if len(set(contexts)) > 1 else [str(place) for place in range(len(contexts))])
    if len(groups) < 2:
        return everything.error, None, {}
    names = sorted(set(groups))
    without = {name: kl(probs[groups != name], target) for name in names}
    weights = {name: 1 - np.mean(groups == name) for name in names}
    variance = everything.variance + sum(
        weights[name] * (everything.variance - without[name].variance) for name in names
    )
    if len(set(contexts)) < 2:
        return everything.error, float(variance), {}
    errors = {name: split.error for name, split in without.items()}
    variances: dict[str, float | None] = {name: split.variance for name, split in without.items()}
    return everything.error, float(variance), _centred(errors, variances)


def _centred(errors: dict[str, float], variances: dict[str, float | None]) -> dict[str, tuple[float, float]]:
    known = [value for value in variances.values() if value is not None]
    middle, of_error = (float(np.mean(known)) if known else 0.0), float(np.mean(list(errors.values())))
    return {
        name: (errors[name] - of_error, 0.0 if value is None else value - middle) for name, value in variances.items()
    }


def estimate(units: Sequence[Unit], floor: float = ZERO) -> Estimate:
    """Pool units; those without a corrected variance are left out."""
    entering = [unit for unit in units if unit.variance is not None]
    if not entering:
        return Estimate(None, None, None, None, "one_sample_per_item")
    errors = np.array([unit.error for unit in entering])
    variances = np.array([unit.variance for unit in entering], dtype=float)
    n_effective = float(errors.sum() ** 2 / np.sum(errors**2)) if errors.any() else None
    if errors.mean() <= floor:
        return Estimate(None, None, None, n_effective, "no_errors")
    ratio = float(variances.sum() / errors.sum())
    ratio = 0.0 if abs(ratio) < ZERO else ratio
    note = _note(entering, ratio)
    if note:
        return Estimate(ratio, None, None, n_effective, note)
    rest = errors.sum() - errors
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = np.where(rest > 0, (variances.sum() - variances) / rest - ratio, 0.0)
    residuals = variances - ratio * errors
    by_context = _by_context(entering, ratio) / errors.sum()
    inside = _inside(left_out, residuals, by_context)
    if inside.standard_error <= ZERO:
        return Estimate(ratio, None, None, n_effective, "no_spread")
    logit, step = np.log(ratio / (1 - ratio)), inside.t_975 * inside.standard_error / (ratio * (1 - ratio))
    low, high = (float(1 / (1 + np.exp(-(logit + sign * step)))) for sign in (-1, 1))
    return Estimate(ratio, low, high, n_effective, None, inside)


def _note(units: Sequence[Unit], ratio: float) -> str | None:
    if ratio == 0:
        return "all_identical"
    if len(units) < 2:
        return "one_item"
    # To nine digits: whether a sum reaches a limit must not depend on the order of its terms.
    if round(sum(unit.share for unit in units), 9) < MIN_SHARE:
        return "too_few_errors"
    margins = [unit.margin for unit in units if unit.margin is not None]
    if margins and round(sum(margins), 9) < 0:
        return "near_ties"
    agreements = [unit.agreement for unit in units if unit.agreement is not None]
    if agreements and round(sum(agreements) / np.sqrt(len(units)), 9) < MIN_AGREEMENT:
        return "near_ties"
    if len({name for unit in units for name in unit.shifts}) == 2:
        return "too_few_contexts"
    return "out_of_range" if not 0 < ratio <= 1 - ZERO else None


def _by_context(units: Sequence[Unit], ratio: float) -> Array:
    """(contexts, units): what leaving a context out does to the numerator of the ratio's linearisation."""
    names = sorted({name for unit in units for name in unit.shifts})
    none = (0.0, 0.0)
    shifts = np.array([[unit.shifts.get(name, none) for unit in units] for name in names]).reshape(
        len(names), len(units), 2
    )
    found: Array = shifts[..., 1] - ratio * shifts[..., 0]
    return found


def _inside(left_out: Array, residuals: Array, by_context: Array) -> Inside:
    n_units, n_contexts = len(left_out), len(by_context)
    of_units = (n_units - 1) / n_units * np.sum(left_out**2)
    of_contexts = 0.0
    if n_contexts > 2:
        of_contexts = max(
            (n_contexts - 1) / n_contexts * (np.sum(by_context.sum(axis=1) ** 2) - np.sum(by_context**2)), 0.0
        )
    freedom = min(n_units - 1, np.sum(residuals**2) ** 2 / np.sum(residuals**4)) if residuals.any() else 1
    spread = of_units**2 / freedom + (of_contexts**2 / (n_contexts - 1) if of_contexts else 0)
    total = (of_units + of_contexts) ** 2
    quantile = float(stats.t.ppf(0.975, max(total / spread, 1))) if total else np.nan
    return Inside(left_out, residuals, by_context, float(np.sqrt(of_units + of_contexts)), quantile)


def contrast(
    sides: Sequence[tuple[float, Sequence[Unit]]], floor: float = ZERO
) -> tuple[float | None, float | None, float | None]:
    """Σ weight · ratio over sides of the same units, with its interval; units that lack a variance are left out."""
    complete = [
        index for index in range(len(sides[0][1])) if all(units[index].variance is not None for _, units in sides)
    ]
    if not complete:
        return None, None, None
    chosen = [[units[index] for index in complete] for _, units in sides]
    found = [estimate(units, floor) for units in chosen]
    weights = [weight for weight, _ in sides]
    if any(side.ratio is None for side in found):
        return None, None, None
    total = sum(weight * side.ratio for weight, side in zip(weights, found, strict=True) if side.ratio is not None)
    if any(side.inside is None for side in found):
        return total, None, None
    names = sorted({name for units in chosen for unit in units for name in unit.shifts})
    half_widths = []
    for sign in (-1, 1):
        parts: list[tuple[Array, Array, Array]] = []
        for weight, side, units in zip(weights, found, chosen, strict=True):
            assert side.inside is not None and side.ratio is not None and side.low is not None and side.high is not None
            end = side.high if weight * sign > 0 else side.low
            scale = weight * abs(end - side.ratio) / (side.inside.t_975 * side.inside.standard_error)
            errors = sum(unit.error for unit in units)
            own = sorted({name for unit in units for name in unit.shifts})
            contexts = np.zeros((len(names), len(units)))
            if len(own) > 2:
                contexts[[names.index(name) for name in own]] = side.inside.by_context
            parts.append((scale * side.inside.jackknife, scale * side.inside.residuals / errors, scale * contexts))
        together = _inside(*(sum(part[index] for part in parts) for index in range(3)))
        half_widths.append(together.t_975 * together.standard_error)
    return total, total - half_widths[0], total + half_widths[1]
