"""Random numbers that are a function of a key and a counter, not of a generator's state.

What is drawn at a place is then the same on every device, in whatever order places are visited, and after any
interruption. Integers are int64 tensors that wrap around, as the 64-bit arithmetic of SplitMix64 (Steele, Lea and Flood
2014) asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_FIRST, _SECOND = 0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64


def hashed(counters: Tensor, *keys: int | Tensor) -> Tensor:
    """64 well-mixed bits for every counter, another set for every key; int64, the counters' shape."""
    bits = counters
    for key in (*keys, 0):
        offset = (key + 1) * _GOLDEN
        bits = _mix(bits + (_wrapped(offset) if isinstance(offset, int) else offset))
    return bits


def uniforms(counters: Tensor, *keys: int | Tensor) -> Tensor:
    """A float64 number in [0, 1) for every counter."""
    return _shifted(hashed(counters, *keys), 11).to(torch.float64) * 2.0**-53


def grid_permutation(positions: Tensor, n_rows: int, n_columns: int, key: int) -> tuple[Tensor, Tensor]:
    """Cells of a grid in random order: the row and the column of every place in that order.

    A Feistel network over rows and columns: each round shifts one of the two by a hash of the other, which can be
    undone; so every cell comes exactly once in `n_rows · n_columns` consecutive positions from 0, without a table.

    Args:
        positions: int64, from 0 to below n_rows · n_columns.
        n_rows: of the grid.
        n_columns: of the grid.
        key: another key is another order.
    """
    row, column = positions // n_columns, positions % n_columns
    for turn in range(3):
        row = (row + (hashed(column, key, 2 * turn) % n_rows)) % n_rows
        column = (column + (hashed(row, key, 2 * turn + 1) % n_columns)) % n_columns
    return row, column


def _wrapped(number: int) -> int:
    """As 64-bit arithmetic would have it."""
    return (number + 2**63) % 2**64 - 2**63


def _mix(bits: Tensor) -> Tensor:
    bits = (bits ^ _shifted(bits, 30)) * _FIRST
    bits = (bits ^ _shifted(bits, 27)) * _SECOND
    return bits ^ _shifted(bits, 31)


def _shifted(bits: Tensor, by: int) -> Tensor:
    """Shift to the right without dragging the sign along."""
    return (bits >> by) & ((1 << (64 - by)) - 1)
