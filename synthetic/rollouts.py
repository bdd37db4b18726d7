"""Roll a trained model out: it proposes a step from each point, again and again.

Markovian, as in the paper: tokens(x) → constrained decoding of u → x ← x + u in float64 → tokens again. All starting
points move together as one batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from synthetic.config import ExperimentConfig
from synthetic.model import Cache, Transformer
from synthetic.quadratic import Quadratic, sample_starts
from synthetic.tokens import NumberTokens


def rollout_starts(config: ExperimentConfig, quadratic: Quadratic) -> Tensor:
    """Anchors × jittered replicates: shape (M, K, d). Model and teacher start from the same points."""
    settings = config.rollout
    generator = torch.Generator().manual_seed(settings.seed)
    anchors = sample_starts(quadratic, settings.n_anchors, config.problem.start_scale, generator)
    shape = (settings.n_anchors, settings.n_replicates, config.problem.dimension)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64).to(anchors.device)
    return anchors[:, None, :] + settings.jitter * noise


@torch.no_grad()
def propose_update(
    model: Transformer, tokens: Tensor, legal: Tensor, temperature: float, generator: torch.Generator | None = None
) -> Tensor:
    """Decode the tokens that follow `tokens` under a mask of legal ones.

    Args:
        model: the transformer.
        tokens: of x, shape (batch, n).
        legal: mask of the tokens to decode, shape (m, vocabulary).
        temperature: 0 takes the likeliest legal token.
        generator: for temperatures above 0, on the tokens' device.

    Returns:
        Tokens of u, shape (batch, m), int64.
    """
    cache = Cache(model, len(tokens))
    blocked = ~legal
    update = torch.empty(len(tokens), len(legal), dtype=torch.int64, device=tokens.device)
    following = tokens.to(torch.int64)
    for place in range(len(legal)):
        logits = model(following, cache, first_output=following.shape[1] - 1)[:, 0]
        logits = logits.masked_fill(blocked[place], -torch.inf)
        if temperature == 0:
            chosen = logits.argmax(-1, keepdim=True)
        else:
            chosen = torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=generator)
        update[:, place : place + 1] = chosen
        following = chosen
    return update


def roll_out(
    model: Transformer,
    starts: Tensor,
    config: ExperimentConfig,
    on_step: Callable[[int], None] | None = None,
) -> Tensor:
    """Points of every rollout: starts (…, d) become (n_steps + 1, …, d), float64, the starts first.

    Args:
        model: the transformer, on the starts' device.
        starts: float64 points.
        config: number of steps, tokens and temperature.
        on_step: called with the number of steps done, after each.
    """
    settings = config.rollout
    codec = NumberTokens(config.tokens.decimals)
    legal = codec.legal_mask(config.update_length).to(starts.device)
    generator = torch.Generator(starts.device).manual_seed(settings.seed) if settings.temperature else None
    x = starts.flatten(0, -2)
    points = torch.empty(settings.n_steps + 1, *x.shape, dtype=x.dtype, device=x.device)
    points[0] = x
    for step in range(1, settings.n_steps + 1):
        update = propose_update(model, codec.encode(x), legal, settings.temperature, generator)
        x = x + codec.decode(update)
        points[step] = x
        if on_step:
            on_step(step)
    return points.view(-1, *starts.shape)
