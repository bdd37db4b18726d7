"""How much of the 5 % each look at a verdict may spend, and how easily chance alone makes an estimate so clear.

A rule that stops as soon as an effect is clear finds one by chance more often than 5 times in 100, if it looks with 5 %
each time. So the 5 % are spent little by little: up to a share t of the epochs 2 − 2 Φ(z / √t), hardly anything early
and nearly all at the end (Lan and DeMets 1983, after O'Brien and Fleming). A look may use what has become free since
the one before. That is a union bound, and takes nothing for granted of how looks hang together: here they share their
items, and are more alike than those of the group-sequential theory, whose slightly milder bounds would not be exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05

Floats = NDArray[np.float64]


def levels(looks: Sequence[int]) -> tuple[float, ...]:
    """The level of each look (epochs, ascending); together they are 5 %."""
    spent = [_spent(epochs / looks[-1]) for epochs in looks]
    return tuple(later - earlier for earlier, later in zip([0.0, *spent], spent, strict=False))


def _spent(share: float) -> float:
    normal = NormalDist()
    return 2 * normal.cdf(normal.inv_cdf(ALPHA / 2) / share**0.5)


def p_value(statistic: Floats | float, inverse_freedom: Floats | float) -> Floats:
    """Two-sided p-value of Student's t, degrees of freedom as 1 / them (0 < … ≤ 1); right to 1e-9.

    With x = t / u, the tail's integral of (1 + x² / ν)^(−(ν + 1) / 2) goes over 0 < u ≤ 1, where it is smooth; its
    ratio to the whole integral needs no Γ.
    """
    freedom = 1 / np.asarray(inverse_freedom, dtype=np.float64)[..., None]
    distance = np.maximum(np.abs(np.asarray(statistic, dtype=np.float64)), 1e-12)[..., None]
    point, weight = _points()

    def upto(x: Floats, jacobian: Floats | float) -> Floats:
        exponent = -(freedom + 1) / 2 * np.log1p(x**2 / freedom)
        return np.asarray(np.sum(weight * np.exp(exponent) * jacobian, axis=-1))

    tail = upto(distance / point, distance / point**2)
    middle = upto(distance * point, distance)
    return np.asarray(tail / (tail + middle))


@cache
def _points() -> tuple[Floats, Floats]:
    """Gauss and Legendre's, on 0 to 1."""
    point, weight = np.polynomial.legendre.leggauss(200)
    return (point + 1) / 2, weight / 2
