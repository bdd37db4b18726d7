"""Weighted sums of incoherences over sides that share their clusters, of several models together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from scipy import stats

from tests.oracles.slopes import Slope

Row = tuple[str, str, str, float, float]
"""Model, cluster, side, error, variance."""


def pooled_contrast(weights: Mapping[str, float], rows: Iterable[Row]) -> Slope | None:
    """Σ_m s_m Σ_k w_k R_mk, R = Σ variance / Σ error, s_m a model's share of all error; None if no model is complete.

    The interval is linearised: a cluster's influence is the derivative of the statistic with respect to its weight.
    """
    cells: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row[2] in weights:
            cells[row[0]][row[2]].append(row)
    totals = {
        model: {side: sum(row[3] for row in found) for side, found in sides.items()} for model, sides in cells.items()
    }
    models = [m for m, sides in totals.items() if len(sides) == len(weights) and all(t > 0 for t in sides.values())]
    if not models:
        return None
    whole = sum(sum(totals[model].values()) for model in models)
    statistic, influences = 0.0, defaultdict(float)
    for model in models:
        share = sum(totals[model].values()) / whole
        for side, weight in weights.items():
            total = totals[model][side]
            ratio = sum(row[4] for row in cells[model][side]) / total
            statistic += share * weight * ratio
            for _, cluster, _, error, variance in cells[model][side]:
                influences[cluster] += share * weight * (variance - ratio * error) / total
    squares = np.array(list(influences.values())) ** 2
    n = len(squares)
    freedom = float(min(n - 1, squares.sum() ** 2 / np.sum(squares**2)))
    half_width = float(stats.t.ppf(0.975, freedom) * np.sqrt(squares.sum() * n / (n - 1)))
    return Slope(statistic, statistic - half_width, statistic + half_width, freedom, n)
