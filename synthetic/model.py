"""A decoder-only transformer over number tokens, small enough to read in one go.

Pre-norm blocks, learned positions, no biases, a head of its own (with a vocabulary of 12, tying it to the embedding
would save nothing). Rollouts use the key-value cache: each token is computed once.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import VOCABULARY, ModelSize

INITIAL_STD = 0.02

FEW_TOKENS = 64
"""The longest sequences of models that compute attention and norms their own way on a CPU: attention of plain products
(from 128 tokens on the fused kernel is faster), and a norm with its own gradient. Others, as the small reasoners,
compute as PyTorch does, whatever the length of a batch: their shipped weights come out again bit by bit.
"""


class Cache:
    """Keys and values of the tokens read so far, in buffers of a fixed shape.

    Attributes:
        keys: per layer, shape (batch, heads, capacity, head width).
        values: likewise.
        length: tokens read so far.
    """

    def __init__(self, model: Transformer, batch_size: int) -> None:
        weight = model.head.weight
        size = model.size
        shape = (size.n_layers, batch_size, size.n_heads, model.capacity, size.width // size.n_heads)
        self.keys = torch.empty(shape, dtype=weight.dtype, device=weight.device)
        self.values = torch.empty(shape, dtype=weight.dtype, device=weight.device)
        self.length = 0

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store the new tokens' keys and values of a layer; return those of all tokens so far."""
        end = self.length + keys.shape[2]
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


class Block(nn.Module):
    """Attention, then a two-layer perceptron, each on a normalised copy of the residual stream."""

    def __init__(self, layer: int, width: int, n_heads: int, *, is_short: bool) -> None:
        super().__init__()
        self.layer = layer
        self.n_heads = n_heads
        self.is_short = is_short
        self.attention_norm = _norm(width, is_short=is_short)
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.mlp_norm = _norm(width, is_short=is_short)
        self.mlp_in = nn.Linear(width, 4 * width, bias=False)
        self.mlp_out = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor, cache: Cache | None, first_output: int) -> Tensor:
        """Shape (batch, tokens, width) becomes (batch, tokens − first_output, width)."""
        batch, n_tokens, _ = x.shape
        normed = self.attention_norm(x)
        query = self.query(normed[:, first_output:]).view(batch, n_tokens - first_output, self.n_heads, -1)
        key, value = self.key_value(normed).view(batch, n_tokens, 2, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        if cache is not None:
            key, value = cache.append(self.layer, key, value)
        # Queries are those of the last keys: with a cache, either all places so far are read or the newest alone.
        attend = _plain_attention if self.is_short and n_tokens > 1 and not x.is_cuda else _fused_attention
        attended = attend(query.transpose(1, 2), key, value)
        y = x[:, first_output:] + self.attention_out(attended.transpose(1, 2).flatten(2))
        out: Tensor = y + self.mlp_out(functional.silu(self.mlp_in(self.mlp_norm(y))))
        return out


def _fused_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """What queries (batch, heads, queries, head width) see of the keys (batch, heads, keys, head width) up to theirs.

    The queries are those of the last keys.
    """
    n_queries, n_keys = query.shape[2], key.shape[2]
    if n_queries == n_keys:  # the fastest kernels of a GPU take no mask
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    seen = None if n_queries == 1 else _seen(n_queries, n_keys, query.device)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)


def _plain_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The same on a CPU, where the fused kernel takes up to twice as long for few tokens, mostly going backward."""
    seen = _seen(query.shape[2], key.shape[2], query.device)
    blocked = torch.zeros(seen.shape, dtype=query.dtype).masked_fill(~seen, -torch.inf)
    scaled, keys, values = (part.flatten(0, 1) for part in (query * query.shape[-1] ** -0.5, key, value))
    weights = torch.baddbmm(blocked.expand(len(scaled), -1, -1), scaled, keys.transpose(1, 2)).softmax(-1)
    return torch.bmm(weights, values).view(query.shape)


def _seen(n_queries: int, n_keys: int, device: torch.device) -> Tensor:
    """Which keys each of the last queries may see, shape (queries, keys)."""
    return torch.ones(n_keys, n_keys, dtype=torch.bool, device=device).tril()[n_keys - n_queries :]


class TokenEmbedding(nn.Embedding):
    """`nn.Embedding`, on a GPU as a product: a gather's gradient is added up there in no fixed order."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids of shape (batch, n) become (batch, n, width)."""
        if not tokens.is_cuda:
            return super().forward(tokens)
        one_hot = tokens.unsqueeze(-1) == torch.arange(self.num_embeddings, device=tokens.device)
        with torch.autocast("cuda", enabled=False):
            return one_hot.to(self.weight.dtype) @ self.weight


def _norm(width: int, *, is_short: bool) -> nn.RMSNorm:
    return RMSNorm(width) if is_short else nn.RMSNorm(width)


class RMSNorm(nn.RMSNorm):
    """`nn.RMSNorm`, on a CPU with a gradient of its own: PyTorch makes the norm of many operations there."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape (…, width) stays as it is."""
        if x.device.type != "cpu":
            return super().forward(x)
        normed: Tensor = _Norm.apply(x, self.weight, self.eps or torch.finfo(x.dtype).eps)  # type: ignore[no-untyped-call]
        return normed


class _Norm(torch.autograd.Function):
    """x / √(mean x² + ε) · gains, over the last dimension."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gains: Tensor, eps: float) -> Tensor:
        square = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_()
        inverse = square.div_(x.shape[-1]).add_(eps).rsqrt_()
        normed: Tensor = x * inverse
        ctx.save_for_backward(normed, inverse, gains)
        return normed * gains

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        normed, inverse, gains = ctx.saved_tensors
        along = gradient * normed
        mean = (along @ gains).div_(len(gains)).unsqueeze(-1)
        of_x: Tensor = torch.addcmul(gradient * gains, normed, mean, value=-1).mul_(inverse)
        return of_x, along.flatten(0, -2).sum(0), None


class Transformer(nn.Module):
    """Logits of the next token at every place.

    Args:
        size: depth, width and heads.
        sequence_length: tokens of a whole sequence; the last one is never read, only predicted.
        vocabulary_size: number of different tokens.
        as_pytorch: compute attention and norms as PyTorch does, whatever the length.
    """

    def __init__(
        self,
        size: ModelSize,
        sequence_length: int,
        vocabulary_size: int = len(VOCABULARY),
        *,
        as_pytorch: bool = False,
    ) -> None:
        super().__init__()
        self.size = size
        self.capacity = sequence_length - 1
        self.embedding: nn.Embedding = TokenEmbedding(vocabulary_size, size.width)
        self.positions = nn.Parameter(torch.zeros(self.capacity, size.width))
        is_short = self.capacity <= FEW_TOKENS and not as_pytorch
        self.blocks = nn.ModuleList(
            Block(layer, size.width, size.n_heads, is_short=is_short) for layer in range(size.n_layers)
        )
        self.norm = _norm(size.width, is_short=is_short)
        self.head = nn.Linear(size.width, vocabulary_size, bias=False)

    def initialise(self, seed: int) -> None:
        """Set all weights from a seed, the same on every device.

        Matrices are Gaussian with 1/√fan-in; those that write to the residual stream are shrunk by √(2 · layers), so
        that its scale does not grow with depth.
        """
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            std = INITIAL_STD if name in ("positions", "embedding.weight") else parameter.shape[1] ** -0.5
            if name.endswith(("attention_out.weight", "mlp_out.weight")):
                std /= (2 * self.size.n_layers) ** 0.5
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            with torch.no_grad():
                parameter.copy_(std * noise)

    def forward(self, tokens: Tensor, cache: Cache | None = None, first_output: int = 0) -> Tensor:
        """Logits of the token after each place.

        Args:
            tokens: ids, shape (batch, n).
            cache: read the tokens after those already in it, and add them. The first call may bring any number of
                tokens, each later call one.
            first_output: leave out the logits of places before this one.

        Returns:
            Logits, shape (batch, n − first_output, vocabulary).

        Raises:
            ValueError: if the tokens do not fit.
        """
        start = 0 if cache is None else cache.length
        end = start + tokens.shape[1]
        if end > self.capacity or (start and tokens.shape[1] != 1):
            raise ValueError(f"cannot read {tokens.shape[1]} tokens after {start}; capacity {self.capacity}")
        x = self.embedding(tokens) + self.positions[start:end]
        for block in self.blocks:
            # Places whose logits nobody asks for end at the last block's keys and values: about a fifth of the work
            # of a small model.
            x = block(x, cache, first_output if block is self.blocks[-1] else 0)
        if cache is not None:
            cache.length = end
        # Whatever the blocks compute in, the losses of runs are compared: so the logits are exact.
        with torch.autocast(x.device.type, enabled=False):
            logits: Tensor = self.head(self.norm(x))
        return logits


def param_count(model: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
