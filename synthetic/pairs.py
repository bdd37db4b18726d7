"""What models learn from: pairs (x, u) of the teacher's trajectories, as tokens, made when a step asks for them.

Nothing is stored but every 32nd point of the training trajectories. The pairs of a step are a function of the seed and
the step: an interrupted training goes on with the very batches that it would have seen. One pass over the data shows
every pair once, in random order, and then the next pass begins in another order. Whole trajectories are held out.
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor

from synthetic.config import ExperimentConfig
from synthetic.counters import grid_permutation
from synthetic.quadratic import Quadratic, sample_starts
from synthetic.tokens import NumberTokens

KNOT_EVERY = 32
"""Steps between two stored points of a trajectory: the profile of the paper takes 74 MB so, and all points 2.4 GB."""

BLOCK_STEPS = 32
"""Optimizer steps whose batches are made together, because many short operations cost more than few long ones."""


class Pairs:
    """The teacher's pairs on the quadratic's device.

    Args:
        config: the last `data.n_held_out` trajectories are for validation; `training.n_validation_pairs` of their
            pairs are used.
        quadratic: the problem.
        seed: of the order in which pairs come.

    Attributes:
        n_train: pairs in one pass over the data.
        validation: sequences, shape (pairs, sequence length), uint8; of trajectories that no batch shows.
    """

    def __init__(self, config: ExperimentConfig, quadratic: Quadratic, seed: int) -> None:
        data = config.data
        self._seed = seed
        self._config = config
        self._quadratic = quadratic
        self._n_trajectories = data.n_trajectories - data.n_held_out
        self.n_train = self._n_trajectories * data.n_steps
        generator = torch.Generator().manual_seed(data.seed)
        starts = sample_starts(quadratic, data.n_trajectories, config.problem.start_scale, generator)
        knots = self._knots(starts)
        n_validation = min(config.training.n_validation_pairs, data.n_held_out * data.n_steps)
        places = torch.arange(n_validation, device=starts.device)
        trajectory, step = grid_permutation(places, data.n_held_out, data.n_steps, data.seed)
        self.validation = encode_pairs(config, quadratic, self._points(knots, self._n_trajectories + trajectory, step))
        self._train_knots = knots[:, : self._n_trajectories].clone()
        self.forget()

    def in_order_of(self, seed: int) -> Pairs:
        """The same pairs in another order; the two share what is stored."""
        other = copy(self)
        other._seed = seed
        other.forget()
        return other

    def forget(self) -> None:
        """Drop the batches that were made ahead; they are made again when asked for."""
        self._block = (-1, self.validation[:0])

    def batch(self, step: int) -> Tensor:
        """The sequences of one optimizer step, shape (batch size, sequence length), int64."""
        number, place = divmod(step, BLOCK_STEPS)
        if self._block[0] != number:
            self._block = (number, self._make_block(number))
        return self._block[1][place].to(torch.int64)

    def _make_block(self, number: int) -> Tensor:
        """Sequences of consecutive steps, shape (steps, batch size, sequence length), uint8."""
        trajectory, step = self.places(number * BLOCK_STEPS, BLOCK_STEPS)
        points = self._points(self._train_knots, trajectory, step)
        return encode_pairs(self._config, self._quadratic, points).view(BLOCK_STEPS, -1, self._config.sequence_length)

    def places(self, first_step: int, n_steps: int) -> tuple[Tensor, Tensor]:
        """Trajectory, and step along it, of every pair of so many optimizer steps; each of shape (pairs,)."""
        settings = self._config.training
        first, end = (step * settings.batch_size for step in (first_step, first_step + n_steps))
        passes = [
            grid_permutation(
                torch.arange(
                    max(first, number * self.n_train) - number * self.n_train,
                    min(end, (number + 1) * self.n_train) - number * self.n_train,
                    device=self._train_knots.device,
                ),
                self._n_trajectories,
                self._config.data.n_steps,
                self._seed * 1_000_003 + number,
            )
            for number in range(first // self.n_train, -(-end // self.n_train))
        ]
        trajectory, step = (torch.cat(parts) for parts in zip(*passes, strict=True))
        return trajectory, step

    def _knots(self, starts: Tensor) -> Tensor:
        """Every 32nd point of the trajectories from `starts` (n, d): shape (knots, n, d)."""
        n_knots = -(-self._config.data.n_steps // KNOT_EVERY)
        knots = torch.empty(n_knots, *starts.shape, dtype=starts.dtype, device=starts.device)
        x = starts
        for knot in range(n_knots):
            knots[knot] = x
            for _ in range(KNOT_EVERY if knot + 1 < n_knots else 0):
                x = self._after(x)
        return knots

    def _points(self, knots: Tensor, trajectory: Tensor, step: Tensor) -> Tensor:
        """Points (n, d) at `step` of each `trajectory`: from the knot before, so many steps on."""
        x = knots[step // KNOT_EVERY, trajectory]
        ahead = (step % KNOT_EVERY).unsqueeze(-1)
        for taken in range(min(KNOT_EVERY, self._config.data.n_steps) - 1):
            x = torch.where(ahead > taken, self._after(x), x)
        return x

    def _after(self, x: Tensor) -> Tensor:
        return x + self._quadratic.teacher_step(x, self._config.problem.step_norm)


def encode_pairs(config: ExperimentConfig, quadratic: Quadratic, points: Tensor) -> Tensor:
    """Tokens of points (n, d) and of the teacher's step from each: shape (n, sequence length), uint8."""
    codec = NumberTokens(config.tokens.decimals)
    step = quadratic.teacher_step(points, config.problem.step_norm)
    return torch.cat([codec.encode_finite(points), codec.encode_finite(step)], dim=-1)
