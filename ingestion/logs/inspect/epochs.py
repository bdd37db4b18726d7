"""Which epochs of its items a run is of: Inspect numbers those of every run from 1.

A run that adds repeats to earlier ones says in its metadata which they are (`inspect eval --metadata
incoherence_epochs=[4,5,6]`): its first epoch is the 4th. The sampler writes that by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EPOCHS = "incoherence_epochs"
"""The key in a run's metadata."""


def epochs_of(metadata: Any) -> tuple[int, ...]:
    """The epochs that a run's own 1, 2, … stand for; empty if its metadata does not say, or not in a readable way."""
    told = metadata.get(EPOCHS) if isinstance(metadata, Mapping) else None
    if not isinstance(told, list) or not all(isinstance(n, int) and 1 <= n < 2**31 for n in told):
        return ()
    return tuple(told) if len(set(told)) == len(told) else ()


def epoch_of(epoch: int, epochs: tuple[int, ...]) -> int:
    """The epoch in the warehouse.

    Raises:
        ValueError: if the run's metadata names fewer epochs than it ran.
    """
    if not epochs:
        return epoch
    if not 1 <= epoch <= len(epochs):
        raise ValueError(f"epoch is {epoch}, and {EPOCHS} in the run's metadata names {len(epochs)}; correct it")
    return epochs[epoch - 1]
