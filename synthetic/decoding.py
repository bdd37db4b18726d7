"""Decoding made for rollouts: the same weights as `synthetic.model`, arranged for many short sequences at once.

What makes it fast, each without a change of what is computed:

- The first block reads nothing but a token and its place, so its queries, keys and values come from a table.
- Gains of the normalisations and the scale of the attention are folded into the matrices that follow them.
- Keys and values lie in buffers of a fixed shape, and are read in lengths that are multiples of 16, with a mask. On a
  CPU, a softmax over 14 numbers took ten times as long as one over 16, a batched product with fewer than 400
  multiplications a row three times as long as one with 800, and the fused attention kernel longer than all of them.
- The last block computes what the next token needs, and nothing else of what was read.
- There is no branch on what was decoded, so that a GPU can replay the whole step as one graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.model import Block, Transformer

LENGTH_STEP, MIN_LENGTH = 16, 32
"""Keys and values are read in multiples of so many places, and never fewer than the second."""


@dataclass(frozen=True)
class _Layer:
    """A block's matrices, transposed for `x @ matrix`, with gains, the norm's √width and the queries' scale folded in.

    The columns of `key_value` are head by head, first its key, then its value.
    """

    query: Tensor
    key_value: Tensor
    attention_out: Tensor
    mlp_in: Tensor
    mlp_out: Tensor

    @classmethod
    def of(cls, block: Block) -> _Layer:
        width = block.query.in_features
        head_width = width // block.n_heads
        by_head = block.key_value.weight.view(2, block.n_heads, head_width, width).transpose(0, 1).reshape(-1, width)
        return cls(
            query=_folded(block.query.weight, block.attention_norm) * head_width**-0.5,
            key_value=_folded(by_head, block.attention_norm),
            attention_out=block.attention_out.weight.T.contiguous(),
            mlp_in=_folded(block.mlp_in.weight, block.mlp_norm),
            mlp_out=block.mlp_out.weight.T.contiguous(),
        )


def _folded(weight: Tensor, norm: nn.RMSNorm) -> Tensor:
    """The matrix of a layer that follows a normalisation, times the gains and √width of that normalisation."""
    gains: Tensor = norm.weight * weight.shape[1] ** 0.5
    return (weight * gains).T.contiguous()


class Decoder:
    """Decodes the tokens that follow prompts of one length. One thread at a time: its buffers are its own.

    Args:
        model: the transformer.
        legal: mask of the tokens to decode, shape (tokens to decode, vocabulary).
        n_rows: prompts at a time.
    """

    @torch.inference_mode()
    def __init__(self, model: Transformer, legal: Tensor, n_rows: int) -> None:
        size, head = model.size, model.head.weight
        self._n_rows, self._width = n_rows, size.width
        self._n_heads, self._head_width = size.n_heads, size.width // size.n_heads
        self._n_decoded, self._vocabulary = legal.shape
        self._n_prompt = model.capacity + 1 - self._n_decoded
        self._least_norm = head.new_tensor(size.width * (model.norm.eps or torch.finfo(head.dtype).eps)).sqrt()
        self._layers = [_Layer.of(block) for block in model.blocks]  # type: ignore[arg-type]
        self._head = _folded(head, model.norm)
        self._blocked = head.new_zeros(legal.shape).masked_fill(~legal.to(head.device), -torch.inf)

        # Row `place · vocabulary + token`: what the first block makes of that token at that place.
        self._entering = (model.positions[:, None] + model.embedding.weight).flatten(0, 1)
        normed, first = self._normed(self._entering), self._layers[0]
        self._first_query, self._first_key_value = normed @ first.query, normed @ first.key_value
        self._prompt_rows = torch.arange(self._n_prompt, device=head.device) * self._vocabulary

        length = _padded(model.capacity)
        # Zeros, because what is masked is still multiplied, by a weight of 0.
        self._cache = head.new_zeros(len(self._layers), n_rows, self._n_heads, length, 2 * self._head_width)
        self._mask = head.new_full((length, length), -torch.inf).triu(1)

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
        decoded = []
        last = self._read((prompts.to(torch.int64) + self._prompt_rows).flatten(), 0, self._n_prompt)
        for index in range(self._n_decoded):
            logits = torch.addmm(self._blocked[index], last, self._head)
            chosen = logits.argmax(-1) if uniforms is None else _draw(logits / temperature, uniforms[:, index])
            decoded.append(chosen)
            if index + 1 < self._n_decoded:
                place = self._n_prompt + index
                last = self._read(chosen + place * self._vocabulary, place, 1)
        return torch.stack(decoded, dim=1)

    def _read(self, table_rows: Tensor, start: int, n_new: int) -> Tensor:
        """Read `n_new` tokens of every prompt, given as rows of the table; return the last one's normalised output.

        Tensors have a row per token here, those of one prompt together: shape (rows · n_new, width).
        """
        x = normed = functional.embedding(table_rows, self._entering)
        for number, layer in enumerate(self._layers):
            if number == 0:
                key_value = functional.embedding(table_rows, self._first_key_value)
            else:
                key_value = normed @ layer.key_value
            if number + 1 == len(self._layers):
                x, normed, table_rows = (tensor[n_new - 1 :: n_new] for tensor in (x, normed, table_rows))
            query = functional.embedding(table_rows, self._first_query) if number == 0 else normed @ layer.query
            x = torch.addmm(x, self._attended(number, query, key_value, start, n_new), layer.attention_out)
            x = torch.addmm(x, functional.silu(self._normed(x) @ layer.mlp_in, inplace=True), layer.mlp_out)
            normed = self._normed(x)
        return normed

    def _attended(self, layer: int, query: Tensor, key_value: Tensor, start: int, n_new: int) -> Tensor:
        """What queries of the last places read see of everything so far; stores the new keys and values."""
        end, n_queries = start + n_new, len(query) // self._n_rows
        cache, length = self._cache[layer], _padded(end)
        cache[:, :, start:end] = key_value.view(self._n_rows, n_new, self._n_heads, -1).transpose(1, 2)
        seen = cache.view(-1, *cache.shape[2:])[:, :length]
        keys, values = seen[:, :, : self._head_width], seen[:, :, self._head_width :]
        heads = query.view(self._n_rows, n_queries, self._n_heads, self._head_width).transpose(1, 2)
        heads = heads.reshape(-1, n_queries, self._head_width)
        mask = self._mask[end - n_queries : end, :length].expand(len(heads), -1, -1)
        weights = torch.baddbmm(mask, heads, keys.transpose(1, 2)).softmax(-1)
        attended = torch.bmm(weights, values).view(self._n_rows, self._n_heads, n_queries, self._head_width)
        return attended.transpose(1, 2).reshape(-1, self._width)

    def _normed(self, x: Tensor) -> Tensor:
        """RMSNorm without its gains and its √width, which are in the matrices: x / √(‖x‖² + width · ε)."""
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self._least_norm)


def _padded(length: int) -> int:
    return max(MIN_LENGTH, -(-length // LENGTH_STEP) * LENGTH_STEP)


def _draw(logits: Tensor, uniforms: Tensor) -> Tensor:
    """Inverse of the distribution function: the first token whose cumulative probability exceeds the number."""
    cumulative = logits.to(torch.float64).softmax(-1).cumsum(-1)
    return (cumulative <= uniforms.unsqueeze(-1) * cumulative[:, -1:]).sum(-1)
