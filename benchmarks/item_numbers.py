"""Error and corrected variance per item from counts of answers: the warehouse's item stage, many at once.

`tests/dbt/test_interval_coverage.py` holds it against `tests/oracles`, as the warehouse's own item stage is; what is
simulated is the stage after it, the SQL that pools items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.populations import N_OPTIONS, N_TESTS, Array, Items, kl_variance, log_smoothed


@dataclass(frozen=True)
class ItemNumbers:
    """One decomposition of (experiments, items).

    Attributes:
        error, variance, variance_unbiased: as in int_item_decomposition.
        error_shift, variance_shift: (experiments, items, contexts) as in int_item_contexts; without contexts, None.
        error_share: error in items that are always wrong.
        mode_margin: lead of the most frequent answer over what KL's interval asks for; NaN for others.
        excess_agreement: how much more samples agree than at random, in standard deviations of that; NaN likewise.
    """

    error: Array
    variance: Array
    variance_unbiased: Array
    error_shift: Array | None
    variance_shift: Array | None
    error_share: Array
    mode_margin: Array
    excess_agreement: Array


def item_numbers(counts: Array, items: Items, min_lead: float, min_lead_per_sample: float) -> dict[str, ItemNumbers]:
    """Every decomposition of (experiments, items, contexts, options) counts.

    Args:
        counts: from `draw_counts`.
        items: what they were drawn from.
        min_lead, min_lead_per_sample: dbt's vars min_mode_lead and min_mode_lead_per_sample.
    """
    sizes = counts.sum(axis=-1)
    n_samples = sizes.sum(axis=-1)
    wrong = sizes - counts[..., 0]
    share_wrong = wrong.sum(axis=-1) / n_samples
    top = np.sort(counts.sum(axis=2), axis=-1)[..., -2:]
    margin = (top[..., 1] - top[..., 0]) ** 2 / top.sum(axis=-1) - min_lead - min_lead_per_sample * n_samples
    votes = counts.sum(axis=2)
    agreeing, pairs = np.sum(votes * (votes - 1), axis=-1), n_samples * (n_samples - 1)
    agreement = (agreeing * N_OPTIONS / pairs - 1) * np.sqrt(pairs / (2 * (N_OPTIONS - 1)))
    none = np.full(n_samples.shape, np.nan)
    misses = counts.copy()
    misses[..., 0] -= sizes
    fails = np.einsum("xick,xikt->xict", counts, 1 - items.passes)
    coverage = of_misses(-fails, sizes, N_TESTS)
    return {
        "brier": ItemNumbers(*of_misses(misses, sizes, 1), share_wrong, none, none),
        "kl": ItemNumbers(*_of_logs(counts, sizes), share_wrong, margin, agreement),
        "coverage": ItemNumbers(*coverage, coverage[0], none, none),
        "score": ItemNumbers(*of_misses(-wrong[..., None], sizes, 1), share_wrong, none, none),
    }


Numbers = tuple[Array, Array, Array, Array | None, Array | None]
"""error, variance, variance_unbiased, error_shift, variance_shift."""


def of_misses(misses: Array, sizes: Array, over: int) -> Numbers:
    """From sums of misses per (experiment, item, context, coordinate), each of 0 and one of −1 and 1."""
    n_all = sizes.sum(axis=-1)
    q = np.abs(misses).sum(axis=-1) / over
    q_all = q.sum(axis=-1)
    total = misses.sum(axis=2)
    item_sq = np.sum(total**2, axis=-1) / over
    error = q_all / n_all
    variance = error - item_sq / n_all**2
    if sizes.shape[-1] == 1:
        return error, variance, variance * n_all / (n_all - 1), None, None
    f_sq = np.sum(misses**2, axis=-1) / over
    f_item = np.einsum("xict,xit->xic", misses, total) / over
    nq, n_sq, f_sq_all = np.sum(sizes * q, axis=-1), np.sum(sizes**2, axis=-1), f_sq.sum(axis=-1)
    across = (n_all * q_all - nq - item_sq + f_sq_all) / (n_all**2 - n_sq)
    left, q_left = n_all[..., None] - sizes, q_all[..., None] - q
    products = (item_sq[..., None] - 2 * f_item + f_sq) - (f_sq_all[..., None] - f_sq)
    pairs = left**2 - (n_sq[..., None] - sizes**2)
    without = (left * q_left - (nq[..., None] - sizes * q) - products) / pairs
    return error, variance, across, _centred(q_left / left), _centred(without)


def _of_logs(counts: Array, sizes: Array) -> Numbers:
    """KL of chosen options, by the jackknife over samples, or over contexts where there are some."""
    chosen, other = log_smoothed(1.0), log_smoothed(0.0)
    n_all = sizes.sum(axis=-1)
    votes = counts.sum(axis=2)

    def logs(of_votes: Array, of_all: Array) -> Array:
        found: Array = (of_votes * (chosen - other)) / of_all[..., None] + other
        return found

    error = -logs(votes, n_all)[..., 0]
    variance = kl_variance(logs(votes, n_all))
    if sizes.shape[-1] == 1:
        without = np.stack([kl_variance(logs(votes - one, n_all - 1)) for one in np.eye(N_OPTIONS)], axis=-1)
        lost = np.sum(votes * (variance[..., None] - without), axis=-1) / n_all
        return error, variance, variance + (n_all - 1) * lost, None, None
    without = logs(votes[:, :, None, :] - counts, n_all[..., None] - sizes)
    lost = variance[..., None] - kl_variance(without)
    corrected = variance + np.sum((1 - sizes / n_all[..., None]) * lost, axis=-1)
    return error, variance, corrected, _centred(-without[..., 0]), _centred(-lost)


def _centred(values: Array) -> Array:
    found: Array = values - values.mean(axis=-1, keepdims=True)
    return found
