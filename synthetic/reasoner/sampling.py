"""Sampling tokens from a model in batches, such that a sample depends on its own prompt and seed alone.

Three things make that so. Every prompt is padded to one length, so a row sees the same positions in any batch. Random
numbers come from a hash of (seed, place), not from a generator that the batch shares. And the number of rows is always
a multiple of 16, so that the matrix kernels add up each row in the same order whoever its neighbours are.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthetic.model import Cache, Transformer
from synthetic.reasoner.network import windows_of
from synthetic.reasoner.task import END, PAD, THINK, TOKEN_IDS

ROWS = 16
"""Batches hold a multiple of so many rows."""

_END_ID = TOKEN_IDS[END]
_NEVER_WRITTEN = [TOKEN_IDS[PAD], TOKEN_IDS[THINK]]


def uniforms(seeds: NDArray[np.uint64], place: int) -> NDArray[np.float64]:
    """One number in [0, 1) per seed for the token at `place` of a completion (SplitMix64 on a counter)."""
    with np.errstate(over="ignore"):
        bits = _mix(_mix(seeds) + np.uint64(place + 1) * np.uint64(0x9E3779B97F4A7C15))
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def choose(logits: Tensor, temperature: float, uniform: NDArray[np.float64]) -> Tensor:
    """One token per row of `logits` (rows, vocabulary); temperature 0 takes the most likely one."""
    logits[:, _NEVER_WRITTEN] = -torch.inf
    if temperature == 0:
        return logits.argmax(-1)
    cumulative = (logits.double() / temperature).softmax(-1).cumsum(-1)
    threshold = torch.from_numpy(uniform).unsqueeze(1) * cumulative[:, -1:]
    # Inverse of the distribution function: the first token whose cumulative probability exceeds the number.
    return (cumulative <= threshold).sum(-1)


@torch.inference_mode()
def sample(
    model: Transformer, prompts: Tensor, seeds: NDArray[np.uint64], temperature: float, max_new_tokens: int
) -> list[list[int]]:
    """Completions up to and with the end marker, or `max_new_tokens` long.

    Args:
        model: reads at most `model.capacity` tokens.
        prompts: ids as `encode_prompt` lays them out, shape (rows, tokens); at least one row.
        seeds: one per row.
        temperature: of the softmax; 0 is greedy.
        max_new_tokens: at least 1; with the prompt, at most one more than the model's capacity.

    Returns:
        Token ids of each row.
    """
    n_rows = len(prompts)
    written = np.full((n_rows, max_new_tokens), _END_ID, dtype=np.int64)
    # Repeats of a prompt are read once.
    different, place_of = torch.unique(prompts, dim=0, return_inverse=True)
    windows = windows_of(different[_with_padding(torch.arange(len(different)))])
    cache = Cache(model, len(windows))
    logits = model(windows, cache, first_output=prompts.shape[1] - 1)[:, 0]
    source = _with_padding(place_of)
    window, logits = windows[source, -1:], logits[source]
    _keep(cache, source)
    rows = np.arange(len(source))
    alive = rows < n_rows
    row_seeds = np.resize(seeds, len(source))
    for place in range(max_new_tokens):
        chosen = choose(logits, temperature, uniforms(row_seeds, place))
        picked = chosen.numpy()
        active = np.flatnonzero(alive)
        written[rows[active], place] = picked[active]
        alive &= picked != _END_ID
        n_alive = int(alive.sum())
        if n_alive == 0 or place + 1 == max_new_tokens:
            break
        needed = n_alive + -n_alive % ROWS
        if needed < len(alive):
            # Finished rows leave; a few stay as padding.
            keep = np.concatenate([np.flatnonzero(alive), np.flatnonzero(~alive)[: needed - n_alive]])
            kept = torch.from_numpy(keep)
            _keep(cache, kept)
            window, chosen = window[kept], chosen[kept]
            rows, row_seeds, alive = rows[keep], row_seeds[keep], alive[keep]
        window = torch.cat([chosen.view(-1, 1, 1), window[:, :, :-1]], dim=2)
        logits = model(window, cache)[:, 0]
    return [_until_end(row) for row in written.tolist()]


def _keep(cache: Cache, rows: Tensor) -> None:
    """Only these rows of a cache from now on. What lies behind its length is not copied."""

    def kept(buffer: Tensor) -> Tensor:
        new = buffer.new_empty((len(buffer), len(rows), *buffer.shape[2:]))
        new[..., : cache.length, :] = buffer[..., : cache.length, :][:, rows]
        return new

    cache.keys, cache.values = kept(cache.keys), kept(cache.values)


def _with_padding(rows: Tensor) -> Tensor:
    """Numbers of rows, the first one repeated until there are a multiple of `ROWS`."""
    return torch.cat([rows, rows[:1].expand(-len(rows) % ROWS)])


def _until_end(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(_END_ID) + 1] if _END_ID in tokens else tokens
