"""The interval of a pool's corrected incoherence (Brier), and how it will shrink with more samples.

The same numbers as `marts.fct_incoherence`: dbt's macros `corrected_incoherence` and `context_shifts_of_squares`, where
the formulas are explained; `tests/dbt/test_stopping_interval.py` holds the two together to 1e-9. Sampling cannot wait
for a build between two epochs. What is only here is the part of the interval that samples cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ingestion.sampling.stopping.spending import p_value
from warehouse.layout import DBT_PROJECT_DIR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_T_975 = (
    *(1.959963984584888, 2.372271204372387, 2.822501107528759, 2.555755023684893, 1.591412371144115),
    *(0.7107389129926699, 0.7918021986997379, -0.6251247876356432, 0.02152670812337654, 3.510130234592717),
    *(-8.974786801453606, 13.08831942760372, -12.68626159831344, 8.382317783411432, -3.652819278902074),
    *(0.9506157436275808, -0.1121575467692295),
)
"""The 97.5 % quantile of Student's t as a polynomial in 1 / degrees of freedom: dbt's macro `t_975_of_inverse`."""


@dataclass(frozen=True)
class Interval:
    """Of one pool, as things stand.

    Attributes:
        n_items: items with a corrected variance.
        ratio: corrected incoherence; None where nothing went wrong.
        low, high: ends of its 95 % interval; None where there is none.
        note: why there is none, in the words of the column `interval_note`.
        wrong_items: wrong answers, counted in items that are always wrong.
        unit_sq, context_sq: variance of the ratio over items (or clusters), and over contexts that all items share.
        noise_sq: the part of unit_sq that samples cause; None where there are too few of each item to tell.
        items_sq_low: the least that the rest of unit_sq, which items alone cause, may be: two standard errors below it.
        t_975: quantile that the interval uses.
        p_half: p-value of "half of the error is variance", by the same scale and degrees of freedom.
        n_clusters: clusters that the items count as, by dbt's var `cluster`; None where each stands for itself.
    """

    n_items: int
    ratio: float | None
    low: float | None
    high: float | None
    note: str | None
    wrong_items: float
    unit_sq: float = 0.0
    context_sq: float = 0.0
    noise_sq: float | None = None
    items_sq_low: float = 0.0
    t_975: float = float("nan")
    p_half: float = 1.0
    n_clusters: int | None = None

    @property
    def width(self) -> float | None:
        """High − low."""
        return None if self.low is None or self.high is None else self.high - self.low

    def width_at(self, more: float, *, at_least: bool = False) -> float | None:
        """Its width with `more` times as many samples of the same items in the same contexts; inf for all there are.

        Args:
            more: at least 1.
            at_least: the least that it may be, as far as can be told, rather than what is expected: items may spread
                less than they seem to, and where answers are scattered evenly, noise falls as 1 / samples².
        """
        if self.width is None or self.noise_sq is None or self.ratio is None:
            return None
        noise_sq = min(self.noise_sq, self.unit_sq)
        if at_least:
            spread_sq = self.items_sq_low + noise_sq / more**2 + self.context_sq
        else:
            spread_sq = self.unit_sq - noise_sq + noise_sq / more + self.context_sq
        low, high = _ends(self.ratio, self.t_975 * spread_sq**0.5)
        return high - low


def pool_interval(items: Ints, contexts: Ints, misses: Floats, clusters: Ints | None = None) -> Interval:
    """The interval of a pool.

    Args:
        items: (samples,) number of the item.
        contexts: (samples,) number of the few-shot context.
        misses: (samples, options) stated probabilities (one-hot for a letter) less the right answer's; options that an
            item does not have are 0.
        clusters: (items,) by the item's number, what it counts in; None where each item stands for itself.
    """
    parts = _by_context(items, contexts, misses) if len(np.unique(contexts)) > 1 else _by_sample(items, misses)
    names = np.arange(len(parts.error)) if clusters is None else clusters[np.unique(items)]
    return _pooled(parts, names)


@dataclass(frozen=True)
class _Parts:
    """Per item: error, corrected variance (NaN if there is none), and what leaving a group of its samples out changes.

    Attributes:
        place, group: (shifts,) which item, and which context (−1: a single sample) is left out.
        error_shift, variance_shift: (shifts,) centred on 0 over an item's; NaN where too few are left.
    """

    error: Floats
    variance: Floats
    place: Ints
    group: Ints
    error_shift: Floats
    variance_shift: Floats


def _by_sample(items: Ints, misses: Floats) -> _Parts:
    """Items whose samples differ in their seed alone."""
    _, place = np.unique(items, return_inverse=True)
    n_items = int(place.max()) + 1 if len(place) else 0
    n = np.bincount(place, minlength=n_items).astype(float)
    sq = np.sum(misses**2, axis=1)
    q = np.bincount(place, sq, n_items)
    total = np.stack([np.bincount(place, column, n_items) for column in misses.T], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = q / n
        variance = (q - np.sum(total**2, axis=1) / n) / (n - 1)
        left, q_left = n[place] - 1, q[place] - sq
        of_rest = np.sum((total[place] - misses) ** 2, axis=1)
        error_left, variance_left = q_left / left, (q_left - of_rest / left) / (left - 1)
    is_told = n > 1
    variance[~is_told] = np.nan
    variance_left[left < 2] = np.nan
    shifts = [_centred(values, place, n) for values in (error_left, variance_left)]
    return _Parts(error, variance, place, np.full(len(place), -1), *shifts)


def _by_context(items: Ints, contexts: Ints, misses: Floats) -> _Parts:
    """Items whose samples share few-shot contexts: pairs of samples of different contexts."""
    _, place = np.unique(items, return_inverse=True)
    _, group = np.unique(contexts, return_inverse=True)
    n_items, n_groups = int(place.max()) + 1, int(group.max()) + 1
    cell = place * n_groups + group
    shape = (n_items, n_groups)
    n = np.bincount(cell, minlength=n_items * n_groups).astype(float).reshape(shape)
    q = np.bincount(cell, np.sum(misses**2, axis=1), n_items * n_groups).reshape(shape)
    f = np.stack([np.bincount(cell, column, n_items * n_groups).reshape(shape) for column in misses.T], axis=2)
    n_all, q_all, total = n.sum(axis=1), q.sum(axis=1), f.sum(axis=1)
    f_sq, f_item, item_sq = np.sum(f**2, axis=2), np.einsum("ikc,ic->ik", f, total), np.sum(total**2, axis=1)
    nq, n_sq, f_sq_all = np.sum(n * q, axis=1), np.sum(n**2, axis=1), f_sq.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = q_all / n_all
        variance = (n_all * q_all - nq - item_sq + f_sq_all) / (n_all**2 - n_sq)
        left, q_left = n_all[:, None] - n, q_all[:, None] - q
        products = (item_sq[:, None] - 2 * f_item + f_sq) - (f_sq_all[:, None] - f_sq)
        variance_left = (left * q_left - (nq[:, None] - n * q) - products) / (left**2 - (n_sq[:, None] - n**2))
        error_left = q_left / left
    where, which = np.nonzero(n)
    n_contexts = np.count_nonzero(n, axis=1)
    alone = n_contexts == 1
    if alone.any():  # as where nothing is shared: pairs of its samples
        variance[alone] = ((q_all - item_sq / n_all) / np.maximum(n_all - 1, 1))[alone]
    variance[n_all < 2] = np.nan
    kept = ~alone[where]
    where, which = where[kept], which[kept]
    variance_left[n_contexts == 2] = 0.0
    shifts = [_centred(values[where, which], where, n_contexts.astype(float)) for values in (error_left, variance_left)]
    return _Parts(error, variance, where, which, *shifts)


def _centred(values: Floats, place: Ints, counts: Floats) -> Floats:
    means = np.bincount(place, values, len(counts)) / np.maximum(counts, 1)
    centred: Floats = values - means[place]
    return centred


def _pooled(parts: _Parts, clusters: Ints) -> Interval:
    is_in = ~np.isnan(parts.variance)
    unit = np.full(len(is_in), -1)
    unit[is_in] = np.unique(clusters[is_in], return_inverse=True)[1]
    error, variance = (_summed(values[is_in], unit[is_in]) for values in (parts.error, parts.variance))
    n_items, n, total = int(is_in.sum()), len(error), float(error.sum())
    n_clusters, wrong_items = None if n == n_items else n, total / 2
    if n == 0 or total <= float(settings()["zero_error"]) * n_items:
        return Interval(n_items, None, None, None, "no_errors", wrong_items, n_clusters=n_clusters)
    ratio = _settled(float(variance.sum()) / total)
    residual = variance - ratio * error
    with np.errstate(divide="ignore", invalid="ignore"):
        jackknife = residual / (1 - error / total)
    jackknife = np.where(np.isfinite(jackknife), jackknife, 0.0)
    of_units: Floats = (n - 1) / n * jackknife**2 / total**2
    unit_sq = float(of_units.sum())
    noise, context_sq, n_contexts = _of_samples(parts, parts.variance_shift - ratio * parts.error_shift, unit)
    context_sq /= total**2
    noise_sq, items_sq_low = _split(of_units, noise / total**2)
    spread = unit_sq, context_sq, noise_sq, items_sq_low
    known = Interval(n_items, ratio, None, None, None, wrong_items, *spread, n_clusters=n_clusters)
    note = _note(known, n, n_contexts)
    if note is not None:
        return _with(known, note=note)
    fourth = float(np.sum(residual**4))
    freedom = min(n - 1, float(np.sum(residual**2)) ** 2 / fourth) if fourth else np.inf
    inverse = unit_sq**2 / freedom + (context_sq**2 / (n_contexts - 1) if context_sq else 0.0)
    inverse = min(inverse / (unit_sq + context_sq) ** 2, 1.0)
    quantile, error = float(t_975(inverse)), (unit_sq + context_sq) ** 0.5
    low, high = _ends(ratio, quantile * error)
    p_half = float(p_value(np.log(ratio / (1 - ratio)) * ratio * (1 - ratio) / error, inverse))
    return _with(known, low=low, high=high, t_975=quantile, p_half=p_half)


def t_975(inverse_freedom: float | Floats) -> Floats:
    """The 97.5 % quantile of Student's t, by 1 / degrees of freedom (0 to 1)."""
    return np.asarray(np.polynomial.polynomial.polyval(inverse_freedom, _T_975), dtype=np.float64)


def _with(interval: Interval, **changes: float | str) -> Interval:
    return Interval(**(vars(interval) | changes))


def _of_samples(parts: _Parts, shift: Floats, unit: Ints) -> tuple[Floats, float, int]:
    """What samples cause, in squares of Σ error.

    Args:
        parts: of the items.
        shift: (shifts,) what leaving a sample or a context of an item out changes.
        unit: (items,) what an item counts in; −1 where it does not count.

    Returns:
        (units,) variance of a unit's part; what all units have in common over contexts; how many contexts there are.
    """
    among = unit[parts.place] >= 0
    shift, place, group = shift[among], parts.place[among], parts.group[among]
    n_units = int(unit.max()) + 1
    if not (group >= 0).any():  # samples of one item have nothing in common with those of another
        of_items = _jackknife(shift, place, len(unit))
        return _summed(of_items[unit >= 0], unit[unit >= 0], n_units), 0.0, 0
    n_groups = int(group.max()) + 1
    cells, cell = np.unique(unit[place] * n_groups + group, return_inverse=True)
    sums = _summed(shift, cell, len(cells))
    return _jackknife(sums, cells // n_groups, n_units), *_of_contexts(sums, cells % n_groups)


def _of_contexts(shift: Floats, context: Ints) -> tuple[float, int]:
    """What all units have in common over contexts (unless below 0), and how many contexts there are."""
    n_contexts = len(np.unique(context))
    sums = _summed(shift, context)
    between = (n_contexts - 1) / n_contexts * (float(np.sum(sums**2)) - float(np.sum(shift**2)))
    return max(between, 0.0), n_contexts


def _jackknife(shift: Floats, place: Ints, n_places: int) -> Floats:
    """(places,) variance of a place's part by what leaving out each of its samples, or contexts, changes."""
    counts = np.bincount(place, minlength=n_places).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (counts - 1) / counts * _summed(shift**2, place, n_places)
    return found


def _summed(values: Floats, place: Ints, n_places: int = 0) -> Floats:
    return np.bincount(place, values, n_places).astype(np.float64)


def _split(of_items: Floats, noise: Floats) -> tuple[float | None, float]:
    """What samples cause of a variance over items, and the least that items cause; None and 0 if too few tell."""
    told = np.isfinite(noise)  # with a few items that have too few samples the others stand for them
    n, n_told = len(noise), int(told.sum())
    if n_told * 2 <= n:
        return None, 0.0
    apart = of_items[told] - noise[told]
    error = float(np.std(apart)) * n_told**0.5
    return float(noise[told].mean()) * n, max(0.0, (float(apart.sum()) - 2 * error) * n / n_told)


def _note(known: Interval, n_units: int, n_contexts: int) -> str | None:
    ratio = known.ratio or 0.0
    if ratio == 0:
        return "all_identical"
    if n_units < 2:
        return "one_item"
    if known.wrong_items < float(settings()["min_error_share"]):
        return "too_few_errors"
    if n_contexts == 2:
        return "too_few_contexts"
    if ratio < 0 or ratio > 1 - 1e-9:
        return "out_of_range"
    return "no_spread" if known.unit_sq + known.context_sq <= 1e-18 else None


def _ends(ratio: float, half_width: float) -> tuple[float, float]:
    """On the logit scale, which respects [0, 1]."""
    factor = float(np.exp(-min(half_width / (ratio * (1 - ratio)), 700.0)))
    return ratio * factor / (ratio * factor + 1 - ratio), ratio / (ratio + (1 - ratio) * factor)


def _settled(number: float) -> float:
    return 0.0 if abs(number) < 1e-9 else number


@cache
def settings() -> dict[str, Any]:
    """dbt's vars: what an interval asks for, and what items of a cluster have in common."""
    told: dict[str, Any] = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return told
