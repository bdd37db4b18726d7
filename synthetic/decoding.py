"""Decoding made for rollouts: the same weights as `synthetic.model`, arranged for many short sequences at once.

What makes it fast, each without a change of what is computed:

- The first block reads nothing but a token and its place, so its normalised queries, keys and values come from a table.
- Gains of the normalisations and the scale of the attention are folded into the matrices that follow them.
- Keys and values lie as matrix products want to read them, in buffers of a fixed shape. For one new token, two batched
  products beat the fused attention kernel several times over.
- The last block computes what the next token needs, and nothing else of what was read.
- There is no branch on what was decoded, so that a GPU can replay the whole step as one graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.model import Block, Transformer


@dataclass(frozen=True)
class _Layer:
    """A block's matrices, transposed for `x @ matrix`, with its gains and the scale of its queries folded in."""

    query: Tensor
    key_value: Tensor
    attention_out: Tensor
    mlp_in: Tensor
    mlp_out: Tensor

    @classmethod
    def of(cls, block: Block) -> _Layer:
        width = block.query.in_features
        scale = (width // block.n_heads) ** -0.5
        return cls(
            query=_folded(block.query, block.attention_norm) * scale,
            key_value=_folded(block.key_value, block.attention_norm),
            attention_out=block.attention_out.weight.T.contiguous(),
            mlp_in=_folded(block.mlp_in, block.mlp_norm),
            mlp_out=block.mlp_out.weight.T.contiguous(),
        )


def _folded(linear: nn.Linear, norm: nn.RMSNorm) -> Tensor:
    """The matrix of a layer that follows a normalisation, times that normalisation's gains."""
    return (linear.weight * norm.weight).T.contiguous()


class Decoder:
    """Decodes the tokens that follow prompts of one length. One thread at a time: its buffers are its own.

    Args:
        model: the transformer.
        legal: mask of the tokens to decode, shape (tokens to decode, vocabulary).
        n_rows: most prompts at a time.
    """

    @torch.inference_mode()
    def __init__(self, model: Transformer, legal: Tensor, n_rows: int) -> None:
        size, weight = model.size, model.head.weight
        self.n_decoded, self.vocabulary = legal.shape
        self.n_prompt = model.capacity + 1 - self.n_decoded
        self._n_heads, self._head_width = size.n_heads, size.width // size.n_heads
        self._width = size.width
        self._epsilon = model.norm.eps or torch.finfo(weight.dtype).eps
        self._layers = [_Layer.of(block) for block in model.blocks]  # type: ignore[arg-type]
        self._head = _folded(model.head, model.norm)
        self._blocked = torch.zeros(legal.shape, device=weight.device).masked_fill(~legal.to(weight.device), -torch.inf)

        # Row `place · vocabulary + token`: what the first block makes of that token at that place.
        self._entering = (model.positions[:, None] + model.embedding.weight).flatten(0, 1)
        normed, first = self._normed(self._entering), self._layers[0]
        self._first_query, self._first_key_value = normed @ first.query, normed @ first.key_value
        self._prompt_rows = torch.arange(self.n_prompt, device=weight.device) * self.vocabulary

        rows = n_rows * self._n_heads
        layers = len(self._layers)
        empty = {"dtype": weight.dtype, "device": weight.device}
        self._keys = torch.empty(layers, rows, self._head_width, model.capacity, **empty)
        self._values = torch.empty(layers, rows, model.capacity, self._head_width, **empty)
        self._future = torch.full((self.n_prompt, self.n_prompt), -torch.inf, **empty).triu(1)

    @torch.inference_mode()
    def decode(self, prompts: Tensor, temperature: float = 0.0, uniforms: Tensor | None = None) -> Tensor:
        """The tokens that follow.

        Args:
            prompts: ids, shape (rows, prompt length).
            temperature: 0 takes the likeliest legal token; above it, tokens are drawn from softmax(logits /
                temperature).
            uniforms: one number in [0, 1) per token to draw, shape (rows, tokens to decode), for temperatures above 0.

        Returns:
            Ids, shape (rows, tokens to decode), int64.
        """
        decoded = []
        logits = self._read(prompts.to(torch.int64) + self._prompt_rows, 0)
        for index in range(self.n_decoded):
            logits = logits + self._blocked[index]
            chosen = logits.argmax(-1) if uniforms is None else _draw(logits / temperature, uniforms[:, index])
            decoded.append(chosen)
            if index + 1 < self.n_decoded:
                place = self.n_prompt + index
                logits = self._read((chosen + place * self.vocabulary).unsqueeze(1), place)
        return torch.stack(decoded, dim=1)

    def _read(self, table_rows: Tensor, start: int) -> Tensor:
        """Read new tokens, given as rows of the table, shape (rows, n); return the logits of what follows the last."""
        n_new = table_rows.shape[1]
        x = functional.embedding(table_rows, self._entering)
        for number, layer in enumerate(self._layers):
            is_last = number + 1 == len(self._layers)
            wanted = slice(-1, None) if is_last else slice(None)
            if number == 0:
                query = functional.embedding(table_rows[:, wanted], self._first_query)
                key_value = functional.embedding(table_rows, self._first_key_value)
            else:
                normed = self._normed(x)
                query, key_value = normed[:, wanted] @ layer.query, normed @ layer.key_value
            x = x[:, wanted]
            x = x + self._attended(number, query, key_value, start, n_new) @ layer.attention_out
            x = x + functional.silu(self._normed(x) @ layer.mlp_in) @ layer.mlp_out
        return self._normed(x[:, -1]) @ self._head

    def _attended(self, layer: int, query: Tensor, key_value: Tensor, start: int, n_new: int) -> Tensor:
        """What `query` (rows, m, width) sees of everything read so far; stores the new keys and values."""
        n_rows, n_queries, _ = query.shape
        end, rows = start + n_new, n_rows * self._n_heads
        keys, values = self._keys[layer, :rows, :, :end], self._values[layer, :rows, :end]
        new = key_value.view(n_rows, n_new, 2, self._n_heads, self._head_width)
        keys[:, :, start:].view(n_rows, self._n_heads, self._head_width, n_new).copy_(new[:, :, 0].permute(0, 2, 3, 1))
        values[:, start:].view(n_rows, self._n_heads, n_new, self._head_width).copy_(new[:, :, 1].transpose(1, 2))
        heads = query.view(n_rows, n_queries, self._n_heads, self._head_width).transpose(1, 2).flatten(0, 1)
        scores = torch.bmm(heads, keys)
        if n_queries > 1:
            scores += self._future
        attended = torch.bmm(scores.softmax(-1), values)
        return attended.view(n_rows, self._n_heads, n_queries, self._head_width).transpose(1, 2).flatten(2)

    def _normed(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (self._width,), None, self._epsilon)


def _draw(logits: Tensor, uniforms: Tensor) -> Tensor:
    """Inverse of the distribution function: the first token whose cumulative probability exceeds the number."""
    cumulative = logits.to(torch.float64).softmax(-1).cumsum(-1)
    return (cumulative <= uniforms.unsqueeze(-1) * cumulative[:, -1:]).sum(-1)
