"""A configuration that trains in a second, and helpers that build its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from synthetic.config import ExperimentConfig, ModelSize
from synthetic.model import Transformer
from synthetic.profiles import QUICK

# Models this small gain nothing from a second thread, and lose much where other work holds the second core.
torch.set_num_threads(1)

STANDARD = replace(QUICK.rollout.starts[0], n_anchors=3, n_replicates=4)

TINY = replace(
    QUICK,
    profile="tiny",
    data=replace(QUICK.data, n_trajectories=40, n_steps=50),
    sizes=(
        ModelSize(name="one", n_layers=1, width=16, n_heads=2, learning_rate=4e-3),
        ModelSize(name="two", n_layers=2, width=24, n_heads=2, learning_rate=4e-3),
    ),
    seeds=(1,),
    training=replace(
        QUICK.training,
        batch_size=32,
        n_steps=6,
        warmup_steps=2,
        log_every=2,
        validate_every=3,
        n_validation_pairs=64,
    ),
    rollout=replace(
        QUICK.rollout,
        n_steps=5,
        starts=(STANDARD, replace(STANDARD, name="far", scale=2.0, n_anchors=2, temperatures=(0.0,))),
    ),
)


@pytest.fixture
def tiny() -> ExperimentConfig:
    return TINY


def with_training(config: ExperimentConfig, **changes: Any) -> ExperimentConfig:
    return replace(config, training=replace(config.training, **changes))


def with_starts(config: ExperimentConfig, **changes: Any) -> ExperimentConfig:
    """The same experiment with one distribution of starts, the standard one with changes."""
    starts = replace(config.rollout.starts[0], **changes)
    return replace(config, rollout=replace(config.rollout, starts=(starts,)))


def new_model(config: ExperimentConfig, size_name: str = "two", seed: int = 5) -> Transformer:
    model = Transformer(config.size(size_name), config.sequence_length)
    model.initialise(seed)
    return model


def lively_model(config: ExperimentConfig, size_name: str = "two", seed: int = 5) -> Transformer:
    """Untrained, with weights large enough that its choices depend on everything it reads."""
    model = new_model(config, size_name, seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() >= 2:
                parameter.mul_(3.0)
            elif name.endswith("norm.weight"):
                parameter.copy_(torch.linspace(0.5, 1.5, len(parameter)))
        model.embedding.weight.mul_(10.0)
        model.positions.mul_(10.0)
    return model.eval()
