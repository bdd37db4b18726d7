"""How fast a GPU trains and rolls out: beside plain ways of doing it, beside its peak, and what that means for all."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch

from benchmarks import bench_synthetic, synthetic_peak
from benchmarks.harness import Comparison
from synthetic.config import ExperimentConfig, ModelSize
from synthetic.pairs import Pairs
from synthetic.quadratic import make_quadratic
from synthetic.side_by_side import train_side_by_side

Numbers = dict[str, Any]

ROUNDS = 3

TRAINING_STEPS, ROLLOUT_STEPS, SEEDS = {"cpu": 2, "cuda": 100}, {"cpu": 1, "cuda": 16}, (1, 2, 3, 4)


class Speeds:
    """Measures one size at a time and remembers what it found.

    Args:
        config: the experiment.
        device: `cuda`, or `cpu` in a rehearsal.
    """

    def __init__(self, config: ExperimentConfig, device: str) -> None:
        self._config, self._device = config, device
        self._peak: float | None = None
        self._steps_per_s: dict[str, float] = {}
        self._rollout_steps_per_s: dict[str, float] = {}

    def peak(self) -> Numbers:
        """What one large product reaches."""
        self._peak = synthetic_peak.peak(self._device)
        return {"operations_per_s": self._peak}

    def training(self, size: ModelSize) -> Numbers:
        """Against the plain eager loop, and beside the peak."""
        n_steps = TRAINING_STEPS[self._device]
        row = bench_synthetic.training(self._config, size.name, n_steps, 2, self._device, ROUNDS)
        self._steps_per_s[size.name] = n_steps / row.ours_s
        return {**_told(row), "steps_per_s": self._steps_per_s[size.name], "share_of_peak": self._share(size)}

    def rollouts(self, size: ModelSize) -> Numbers:
        """Against Hugging Face's `generate`."""
        n_steps = ROLLOUT_STEPS[self._device]
        row = bench_synthetic.rollouts(self._config, size.name, n_steps, 20, self._device, ROUNDS)
        self._rollout_steps_per_s[size.name] = n_steps / row.ours_s
        return {**_told(row), "steps_per_s": self._rollout_steps_per_s[size.name]}

    def side_by_side(self, size: ModelSize) -> Numbers:
        """Steps of several models trained as one, in steps of one model."""
        n_steps = TRAINING_STEPS[self._device]
        settings = replace(self._config.training, n_steps=n_steps, validate_every=10**9, n_validation_pairs=16)
        n_trajectories = min(1_000, self._config.data.n_trajectories)
        config = replace(
            self._config, training=settings, data=replace(self._config.data, n_trajectories=n_trajectories)
        )
        pairs = Pairs(config, make_quadratic(config.problem, self._device), SEEDS[0])
        seconds = []
        for _ in range(1 + ROUNDS):  # the first compiles
            models = {f"s{seed}": bench_synthetic.new_model(config, size.name, self._device, seed) for seed in SEEDS}
            orders = [pairs.in_order_of(seed) for seed in SEEDS]
            began = time.perf_counter()
            train_side_by_side(models, orders, config, compiled=self._device == "cuda")
            if self._device == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - began)
        return {"models": len(SEEDS), "model_steps_per_s": len(SEEDS) * n_steps / min(seconds[1:])}

    def projection(self) -> Numbers:
        """Minutes for each measured size, from its rates: all its steps, and its rollouts at each temperature."""
        minutes = {}
        n_points = {}
        for starts in self._config.rollout.starts:
            for temperature in starts.temperatures:
                n_points[temperature] = n_points.get(temperature, 0) + starts.n_points
        batches = sum(n / bench_synthetic.N_POINTS for n in n_points.values())
        for name in self._steps_per_s.keys() & self._rollout_steps_per_s.keys():
            training = self._config.training.n_steps / self._steps_per_s[name]
            rolling = batches * self._config.rollout.n_steps / self._rollout_steps_per_s[name]
            minutes[name] = float(f"{(training + rolling) / 60:.3g}")
        return {"minutes": minutes, "all_sizes": len(minutes) == len(self._config.sizes), "sum": sum(minutes.values())}

    def _share(self, size: ModelSize) -> float | None:
        if self._peak is None:
            return None
        n_tokens = self._config.training.batch_size * (self._config.sequence_length - 1)
        operations = n_tokens * synthetic_peak.operations_per_token(size, self._config.sequence_length)
        return self._steps_per_s[size.name] * operations / self._peak


def _told(row: Comparison) -> Numbers:
    return {"ours_s": row.ours_s, "peer_s": row.peer_s, "ratio": row.ratio, "wanted": row.wanted}
