"""Constrained decoding of many short sequences at once: the tokens of a step, after those of a point.

On a GPU, `CachedDecoder` asks the model itself, whose attention kernels do well there. On a CPU, `RowsLastDecoder` has
the same weights arranged anew. What makes it fast, each without a change of what is computed:

- Rows come last: a token's vector is a column, one per row of the batch. A query, its keys and its values are so narrow
  that a batched product spends its time on starting a product per row and head; a multiplication and a sum along the
  rows use the processor's full width, on just as many places as have been read, without a mask.
- A block's queries, keys and values come from one product, which writes them where they are kept.
- The first block reads nothing but a token and its place, so its queries, keys and values come from a table.
- Gains of the normalisations and the scale of the attention are folded into the matrices that follow them.
- The last block computes what the next token needs, and nothing else of what was read.

Neither branches on what was decoded, so that a GPU can replay the whole step as one graph.
"""

from __future__ import annotations

import math
import mmap
import sys
import weakref
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.model import Block, Cache, Transformer

APART = 64
"""Numbers left unused between the products of one place and the next. With places a power of two of bytes apart, as 512
rows would have them, all products of a sum compete for the same few places of the cache: it then takes twice as long.
"""


@dataclass(frozen=True)
class _Layer:
    """A block's matrices, for `matrix @ x`, with gains, the norm's √width and the queries' scale folded in.

    The rows of `projections` are the queries', then the keys', then the values', each head by head.
    """

    projections: Tensor
    attention_out: Tensor
    mlp_in: Tensor
    mlp_out: Tensor

    @classmethod
    def of(cls, block: Block) -> _Layer:
        scale = (block.query.in_features // block.n_heads) ** -0.5
        projections = torch.cat([block.query.weight * scale, block.key_value.weight])
        return cls(
            projections=_folded(projections, block.attention_norm),
            attention_out=block.attention_out.weight.clone(),
            mlp_in=_folded(block.mlp_in.weight, block.mlp_norm),
            mlp_out=block.mlp_out.weight.clone(),
        )


def _folded(weight: Tensor, norm: nn.RMSNorm) -> Tensor:
    """The matrix of a layer that follows a normalisation, times the gains and √width of that normalisation."""
    folded: Tensor = weight * (norm.weight * weight.shape[1] ** 0.5)
    return folded


def kept_bytes(model: Transformer) -> int:
    """What a `RowsLastDecoder` keeps of one row: queries, keys and values of every place and block."""
    return len(model.blocks) * model.capacity * 3 * model.size.width * model.head.weight.element_size()


class Decoder(ABC):
    """Decodes the tokens that follow prompts of one length. One thread at a time: its buffers are its own.

    Args:
        model: the transformer.
        legal: mask of the tokens to decode, shape (tokens to decode, vocabulary).
    """

    def __init__(self, model: Transformer, legal: Tensor) -> None:
        weight = model.head.weight
        self._n_decoded = len(legal)
        self._n_prompt = model.capacity + 1 - self._n_decoded
        self._blocked = weight.new_zeros(legal.shape).masked_fill(~legal.to(weight.device), -torch.inf)

    @staticmethod
    def of(model: Transformer, legal: Tensor, n_rows: int) -> Decoder:
        """The decoder for the model's device, of `n_rows` prompts at a time."""
        kind = CachedDecoder if model.head.weight.is_cuda else RowsLastDecoder
        decoder: Decoder = kind(model, legal, n_rows)
        return decoder

    @torch.inference_mode()
    def decode(self, prompts: Tensor, temperature: float = 0.0, uniforms: Tensor | None = None) -> Tensor:
        """The tokens that follow.

        Args:
            prompts: ids, shape (rows, prompt length), as many rows as the decoder was made for.
            temperature: 0 takes the likeliest legal token; above it, tokens are drawn from softmax(logits /
                temperature).
            uniforms: one number in [0, 1) per token to draw, shape (rows, tokens to decode), for temperatures above 0.

        Returns:
            Ids, shape (rows, tokens to decode), int64.
        """
        decoded: list[Tensor] = []
        logits = self._logits(prompts, 0)
        for index in range(self._n_decoded):
            allowed = logits + self._blocked[index]
            chosen = allowed.argmax(-1) if uniforms is None else _draw(allowed / temperature, uniforms[:, index])
            decoded.append(chosen)
            if index + 1 < self._n_decoded:
                logits = self._logits(chosen.unsqueeze(1), self._n_prompt + index)
        return torch.stack(decoded, dim=1)

    @abstractmethod
    def _logits(self, tokens: Tensor, start: int) -> Tensor:
        """Read tokens (rows, places) of places from `start` on; logits of the token after them (rows, vocabulary)."""


class CachedDecoder(Decoder):
    """The model with its key-value cache."""

    @torch.inference_mode()
    def __init__(self, model: Transformer, legal: Tensor, n_rows: int) -> None:
        super().__init__(model, legal)
        self._model = model
        self._cache = Cache(model, n_rows)

    def _logits(self, tokens: Tensor, start: int) -> Tensor:
        self._cache.length = start
        logits: Tensor = self._model(tokens.to(torch.int64), self._cache, first_output=tokens.shape[1] - 1)
        return logits[:, -1]


class RowsLastDecoder(Decoder):
    """The model's matrices and its cache, arranged for a CPU."""

    @torch.inference_mode()
    def __init__(self, model: Transformer, legal: Tensor, n_rows: int) -> None:
        super().__init__(model, legal)
        size, head = model.size, model.head.weight
        self._least_square = size.width * (model.norm.eps or torch.finfo(head.dtype).eps)
        self._layers = [_Layer.of(block) for block in model.blocks]  # type: ignore[arg-type]
        self._head = _folded(head, model.norm).T.contiguous()
        self._ids = torch.arange(len(head), device=head.device).unsqueeze(1)

        # Of each place, a column per token: what the first block makes of that token at that place.
        self._entering = model.positions.unsqueeze(2) + model.embedding.weight.T
        self._first_projections = _times(self._layers[0].projections, self._normed(self._entering))

        shape = len(self._layers), model.capacity, 3 * size.width, n_rows
        of_place = size.width * n_rows
        sizes = [math.prod(shape), model.capacity * (of_place + APART)]
        projected, room = torch.split(_room(self, sum(sizes), head.dtype), sizes)
        self._projected = projected.view(shape)
        by_head = self._projected.view(*self._projected.shape[:2], 3, size.n_heads, -1, n_rows)
        # Made anew each time, products would cost more in page faults than in arithmetic.
        products = room.view(model.capacity, -1)[:, :of_place].view(by_head[0, :, 0].shape)
        # Of each block and place, its queries, shape (heads, head width, rows); and of all places that it sees keys,
        # values and room for products. In small models, making these views anew takes some percent of the time.
        self._seen = [
            [(queries[end - 1], keys[:end], values[:end], products[:end]) for end in range(1, model.capacity + 1)]
            for queries, keys, values in (of_layer.unbind(1) for of_layer in by_head)
        ]

    def _logits(self, tokens: Tensor, start: int) -> Tensor:
        return self._read(tokens.T, start).T @ self._head

    def _read(self, tokens: Tensor, start: int) -> Tensor:
        """Read tokens (places, rows) of places from `start` on; return the last one's normalised output (width, rows).

        Tensors in between have shape (places, width, rows).
        """
        end = start + len(tokens)
        one_hot = (tokens.unsqueeze(1) == self._ids).to(self._head.dtype)
        x = torch.bmm(self._entering[start:end], one_hot)
        for number, layer in enumerate(self._layers):
            projected = self._projected[number, start:end]
            if number == 0:
                torch.bmm(self._first_projections[start:end], one_hot, out=projected)
            else:
                torch.bmm(layer.projections.expand(len(x), -1, -1), self._normed(x), out=projected)
            if number + 1 == len(self._layers):
                x, start = x[-1:], end - 1
            x = _plus_times(x, layer.attention_out, self._attended(number, start, end))
            x = _plus_times(x, layer.mlp_out, functional.silu(_times(layer.mlp_in, self._normed(x)), inplace=True))
        return self._normed(x)[0]

    def _attended(self, layer: int, start: int, end: int) -> Tensor:
        """What the places from `start` to `end` see of themselves and all before: shape (places, width, rows)."""
        seen = self._seen[layer][start:end]
        attended: Tensor = seen[0][0].new_empty(len(seen), *seen[0][0].shape)
        for index, (query, keys, values, products) in enumerate(seen):
            weights = torch.mul(query, keys, out=products).sum(2, keepdim=True).softmax(0)
            torch.sum(torch.mul(weights, values, out=products), 0, out=attended[index])
        return attended.flatten(1, 2)

    def _normed(self, x: Tensor) -> Tensor:
        """RMSNorm without its gains and its √width, which are in the matrices: x / √(‖x‖² + width · ε)."""
        return x * (x.square().sum(1, keepdim=True) + self._least_square).rsqrt_()


_LEFT: list[Tensor] = []
"""Room of decoders that are gone: in a virtual machine, the first use of a large page may take as long as a step."""


def _room(owner: RowsLastDecoder, n_numbers: int, dtype: torch.dtype) -> Tensor:
    """Room for numbers, the owner's for as long as it lives; what is in it is undefined."""
    room = _LEFT.pop() if _LEFT else None
    if room is None or (len(room), room.dtype) != (n_numbers, dtype):
        _LEFT.clear()
        room = _in_large_pages(n_numbers, dtype)
    weakref.finalize(owner, _LEFT.append, room)
    return room


def _in_large_pages(n_numbers: int, dtype: torch.dtype) -> Tensor:
    """On Linux, pages of 2 MiB if the system has them.

    From pages of 4 KiB, looking up where keys and values lie takes a tenth of the time of a decoding.
    """
    if sys.platform != "linux":
        return torch.empty(n_numbers, dtype=dtype)
    memory = mmap.mmap(-1, n_numbers * dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel that was built without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=dtype)


def _times(matrix: Tensor, x: Tensor) -> Tensor:
    """Of every place, `matrix @ x`."""
    return torch.bmm(matrix.expand(len(x), -1, -1), x)


def _plus_times(x: Tensor, matrix: Tensor, y: Tensor) -> Tensor:
    """Of every place, `x + matrix @ y`, written to x."""
    sum_: Tensor = x.baddbmm_(matrix.expand(len(x), -1, -1), y)
    return sum_


def _draw(logits: Tensor, uniforms: Tensor) -> Tensor:
    """Inverse of the distribution function: the first token whose cumulative probability exceeds the number."""
    cumulative = logits.to(torch.float64).softmax(-1).cumsum(-1)
    return (cumulative <= uniforms.unsqueeze(-1) * cumulative[:, -1:]).sum(-1)
