"""What must hold on a GPU before anything is measured there: it computes what the CPU does."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.bench_synthetic import livened, new_model
from synthetic.config import ExperimentConfig
from synthetic.model import Transformer
from synthetic.pairs import Pairs
from synthetic.quadratic import make_quadratic, sample_starts
from synthetic.rollouts import roll_out
from synthetic.side_by_side import train_side_by_side
from synthetic.training import train

Numbers = dict[str, float]

N_POINTS, N_TRAJECTORIES, N_STEPS = 512, 200, 8

SAME_TOKENS, SAME_LOSS = 0.99, 0.02
"""Least share of points with the same tokens, because two logits may be alike to rounding; and largest relative
difference of a loss in bfloat16."""


class CheckFailedError(AssertionError):
    """The GPU computes something else."""


def decoder(config: ExperimentConfig, size_name: str, device: str) -> Numbers:
    """Rollouts on the device, where a step is one CUDA graph, against the CPU's: the same tokens at temperature 0."""
    config = replace(config, rollout=replace(config.rollout, n_steps=1))
    model = livened(new_model(config, size_name, "cpu"))
    x = sample_starts(make_quadratic(config.problem), N_POINTS, 1.0, torch.Generator().manual_seed(1))
    on_device = livened(new_model(config, size_name, device))
    found: Numbers = {}
    for temperature in (0.0, 1.0):
        two = replace(config, rollout=replace(config.rollout, n_steps=2))  # the second step replays the graph
        first, second = torch.cat(list(roll_out(on_device, x.to(device), two, temperature)))
        same = torch.cat(
            [
                (first == next(roll_out(model, x, config, temperature))[0]).all(-1),
                (second == next(roll_out(model, first, two, temperature, done=1))[0]).all(-1),
            ]
        )
        found[f"same_points_at_temperature_{temperature:g}"] = float(same.double().mean())
    if found["same_points_at_temperature_0"] < SAME_TOKENS:
        raise CheckFailedError(f"{size_name}: tokens differ from the CPU's: {found}")
    return found


def training(config: ExperimentConfig, size_name: str, device: str) -> Numbers:
    """A few steps on the device, eager and compiled, against the CPU's."""
    config = _short(config)
    losses = {"cpu": _losses(config, size_name, "cpu"), "eager": _losses(config, size_name, device)}
    if device != "cpu":
        losses["compiled"] = _losses(config, size_name, device, compiled=True)
    return _compared(losses, "cpu", size_name)


def side_by_side(config: ExperimentConfig, size_name: str, device: str) -> Numbers:
    """Two models trained as one against each alone."""
    config = replace(_short(config), seeds=(1, 2))
    pairs = Pairs(config, make_quadratic(config.problem, device), 1)
    seeds = {f"{size_name}-s{seed}": seed for seed in config.seeds}
    models = {name: new_model(config, size_name, device, seed) for name, seed in seeds.items()}
    orders = [pairs.in_order_of(seed) for seed in seeds.values()]
    together = train_side_by_side(models, orders, config, compiled=device != "cpu")
    found: Numbers = {}
    for seed, rows in zip(config.seeds, together, strict=True):
        alone = _losses(config, size_name, device, seed=seed)
        losses = {"alone": alone, "together": [row.loss for row in rows if row.split == "train"]}
        found |= {f"{key}_seed_{seed}": value for key, value in _compared(losses, "alone", size_name).items()}
    return found


def _short(config: ExperimentConfig) -> ExperimentConfig:
    settings = replace(
        config.training,
        n_steps=N_STEPS,
        warmup_steps=2,
        log_every=1,
        validate_every=10**9,
        n_validation_pairs=16,
        batch_size=min(256, config.training.batch_size),
    )
    few = min(N_TRAJECTORIES, config.data.n_trajectories)
    return replace(config, training=settings, data=replace(config.data, n_trajectories=few))


def _losses(
    config: ExperimentConfig, size_name: str, device: str, *, seed: int = 1, compiled: bool = False
) -> list[float]:
    pairs = Pairs(config, make_quadratic(config.problem, device), seed)
    model: Transformer = new_model(config, size_name, device, seed)
    rows = train(model, pairs, config, compiled=compiled)
    return [row.loss for row in rows if row.split == "train"]


def _compared(losses: dict[str, list[float]], reference: str, size_name: str) -> Numbers:
    expected = torch.tensor(losses.pop(reference))
    found = {
        f"largest_difference_{name}": float((torch.tensor(each) / expected - 1).abs().max())
        for name, each in losses.items()
    }
    if max(found.values()) > SAME_LOSS:
        raise CheckFailedError(f"{size_name}: losses differ by {found}, expected at most {SAME_LOSS}")
    return found
