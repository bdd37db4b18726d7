"""What models learn from: pairs (x, u) of the teacher's trajectories, as tokens; whole trajectories are held out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from synthetic.config import ExperimentConfig
from synthetic.quadratic import Quadratic, descend, sample_starts
from synthetic.tokens import NumberTokens


@dataclass(frozen=True)
class Pairs:
    """Training and validation sequences, tokens(x) then tokens(u).

    Attributes:
        train: shape (pairs, sequence length), uint8.
        validation: likewise, from trajectories that `train` holds nothing of.
    """

    train: Tensor
    validation: Tensor

    def batch(self, step: int, batch_size: int, seed: int) -> Tensor:
        """The sequences of one optimizer step, a function of (seed, step) alone: a resumed run sees the same ones."""
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        rows = torch.randint(len(self.train), (batch_size,), generator=generator)
        return self.train[rows.to(self.train.device)].to(torch.int64)


def make_pairs(config: ExperimentConfig, quadratic: Quadratic) -> Pairs:
    """Run the teacher and write its pairs as tokens, on the quadratic's device.

    The last `data.n_held_out` trajectories are for validation; `training.n_validation_pairs` of their pairs are used.
    """
    data = config.data
    generator = torch.Generator().manual_seed(data.seed)
    starts = sample_starts(quadratic, data.n_trajectories, config.problem.start_scale, generator)
    points = descend(quadratic, starts, data.n_steps - 1, config.problem.step_norm)
    n_train = data.n_trajectories - data.n_held_out
    held_out = points[:, n_train:].flatten(0, 1)
    chosen = torch.randperm(len(held_out), generator=generator)[: config.training.n_validation_pairs]
    return Pairs(
        train=encode_pairs(config, quadratic, points[:, :n_train].flatten(0, 1)),
        validation=encode_pairs(config, quadratic, held_out[chosen.to(held_out.device)]),
    )


def encode_pairs(config: ExperimentConfig, quadratic: Quadratic, points: Tensor) -> Tensor:
    """Tokens of points (n, d) and of the teacher's step from each: shape (n, sequence length), uint8."""
    codec = NumberTokens(config.tokens.decimals)
    step = quadratic.teacher_step(points, config.problem.step_norm)
    return torch.cat([codec.encode(points), codec.encode(step)], dim=-1)
