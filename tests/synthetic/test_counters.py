from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synthetic.counters import grid_permutation, hashed, uniforms

MASK = 2**64 - 1


def splitmix(bits: int) -> int:
    """The finaliser of SplitMix64 in Python's own integers."""
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB & MASK
    return bits ^ (bits >> 31)


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_hashes_are_those_of_exact_arithmetic(counter: int, key: int) -> None:
    golden = 0x9E3779B97F4A7C15
    expected = splitmix((splitmix((counter + (key + 1) * golden) & MASK) + golden) & MASK)
    assert int(hashed(torch.tensor([counter]), key)) & MASK == expected
    assert int(hashed(torch.tensor([counter]), torch.tensor(key))) & MASK == expected


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_every_cell_of_the_grid_comes_once(n_rows: int, n_columns: int, key: int) -> None:
    row, column = grid_permutation(torch.arange(n_rows * n_columns), n_rows, n_columns, key)
    assert sorted((row * n_columns + column).tolist()) == list(range(n_rows * n_columns))


def test_the_order_looks_random_and_follows_the_key() -> None:
    places = torch.arange(60 * 50)
    row, column = grid_permutation(places, 60, 50, 7)
    cells = (row * 50 + column).double()
    correlation = torch.corrcoef(torch.stack([cells[:-1], cells[1:]]))[0, 1]
    assert abs(correlation) < 4 / len(cells) ** 0.5
    other = grid_permutation(places, 60, 50, 8)
    # Two random orders agree in one place on average.
    assert int(((row == other[0]) & (column == other[1])).sum()) < 10


def test_uniforms_are_uniform_and_independent_of_the_batch() -> None:
    counters = torch.arange(100_000)
    drawn = uniforms(counters, 3, 4)
    assert float(drawn.min()) >= 0 and float(drawn.max()) < 1
    assert float(drawn.mean()) == pytest.approx(0.5, abs=4 * 12**-0.5 / 100_000**0.5)
    assert float(drawn.var()) == pytest.approx(1 / 12, rel=0.02)
    assert torch.equal(uniforms(counters[500:600], 3, 4), drawn[500:600])
    assert not torch.equal(uniforms(counters, 3, 5), drawn)
