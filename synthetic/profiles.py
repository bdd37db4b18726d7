"""Named experiments: `quick` inside `make run`, `laptop` for a CPU and some patience, `paper` for a GPU.

What each field means, and which of the paper's numbers it is, stands in `synthetic.config`.
"""

from __future__ import annotations

from dataclasses import replace

from synthetic.config import (
    STANDARD_STARTS,
    DataConfig,
    ExperimentConfig,
    ModelSize,
    ProblemConfig,
    RolloutConfig,
    StartsConfig,
    TokenConfig,
    TrainingConfig,
)


def _starts(n_anchors: int, n_varied: int) -> tuple[StartsConfig, ...]:
    """The standard starts, greedy and at temperature 1; and beside them, one choice varied at a time."""
    standard = StartsConfig(
        name=STANDARD_STARTS, n_anchors=n_anchors, n_replicates=32, scale=1.0, jitter=0.05, temperatures=(0.0, 1.0)
    )
    varied = replace(standard, n_anchors=n_varied, temperatures=(0.0,))
    return (
        standard,
        replace(varied, name="wide-jitter", jitter=0.2),
        replace(varied, name="no-jitter", jitter=0.0, temperatures=(1.0,)),
        replace(varied, name="far", scale=2.0),
    )


QUICK = ExperimentConfig(
    profile="quick",
    problem=ProblemConfig(
        dimension=2,
        condition_number=50.0,
        largest_eigenvalue=1.0,
        minimum_scale=0.5,
        start_scale=1.0,
        step_norm=0.05,
        seed=1,
    ),
    tokens=TokenConfig(decimals=2),
    data=DataConfig(n_trajectories=4_000, n_steps=128, held_out_fraction=0.1, seed=2),
    sizes=(
        ModelSize(name="4k", n_layers=2, width=12, n_heads=2, learning_rate=8e-3),
        ModelSize(name="15k", n_layers=2, width=24, n_heads=2, learning_rate=6e-3),
        ModelSize(name="40k", n_layers=2, width=40, n_heads=2, learning_rate=5e-3),
    ),
    seeds=(1,),
    training=TrainingConfig(
        batch_size=64,
        n_steps=2_500,
        warmup_steps=50,
        final_learning_rate_fraction=0.02,
        beta2=0.98,
        weight_decay=0.01,
        gradient_clip=1.0,
        loss_on="update",
        log_every=25,
        validate_every=250,
        n_validation_pairs=2_048,
    ),
    rollout=RolloutConfig(n_steps=128, seed=4, starts=_starts(n_anchors=32, n_varied=8)),
)
"""The experiment in small, for `make run`: a minute and a half of processor time."""

LAPTOP = ExperimentConfig(
    profile="laptop",
    problem=replace(QUICK.problem, step_norm=0.02),
    tokens=TokenConfig(decimals=3),
    data=DataConfig(n_trajectories=1_000, n_steps=320, held_out_fraction=0.1, seed=2),
    sizes=(
        ModelSize(name="4k", n_layers=2, width=12, n_heads=2, learning_rate=8e-3),
        ModelSize(name="7k", n_layers=2, width=16, n_heads=2, learning_rate=8e-3),
        ModelSize(name="11k", n_layers=2, width=20, n_heads=2, learning_rate=6e-3),
        ModelSize(name="15k", n_layers=2, width=24, n_heads=2, learning_rate=6e-3),
        ModelSize(name="26k", n_layers=2, width=32, n_heads=2, learning_rate=5e-3),
        ModelSize(name="58k", n_layers=2, width=48, n_heads=2, learning_rate=4e-3),
    ),
    seeds=(1, 2, 3, 4),
    training=replace(
        QUICK.training,
        batch_size=64,
        n_steps=4_000,
        warmup_steps=200,
        log_every=40,
        validate_every=500,
        n_validation_pairs=4_096,
    ),
    rollout=RolloutConfig(n_steps=320, seed=4, starts=_starts(n_anchors=32, n_varied=8)),
)
"""Six sizes with four seeds, finer tokens and shorter steps than `quick`, 0.26 of 0.29 million pairs, each once."""

PAPER = ExperimentConfig(
    profile="paper",
    problem=replace(QUICK.problem, dimension=4, step_norm=0.005),
    tokens=TokenConfig(decimals=4),
    data=DataConfig(n_trajectories=20_000, n_steps=4_096, held_out_fraction=0.1, seed=2),
    sizes=(
        ModelSize(name="47k", n_layers=4, width=32, n_heads=2, learning_rate=4e-3),
        ModelSize(name="200k", n_layers=4, width=64, n_heads=4, learning_rate=2e-3),
        ModelSize(name="450k", n_layers=4, width=96, n_heads=6, learning_rate=2e-3),
        ModelSize(name="790k", n_layers=4, width=128, n_heads=8, learning_rate=1e-3),
        ModelSize(name="1.2m", n_layers=6, width=128, n_heads=8, learning_rate=1e-3),
        ModelSize(name="4.7m", n_layers=6, width=256, n_heads=8, learning_rate=1e-3),
    ),
    seeds=(1,),
    training=TrainingConfig(
        batch_size=1_024,
        n_steps=65_000,
        warmup_steps=1_000,
        final_learning_rate_fraction=0.1,
        beta2=0.98,
        weight_decay=0.01,
        gradient_clip=1.0,
        loss_on="sequence",
        log_every=100,
        validate_every=1_000,
        n_validation_pairs=65_536,
    ),
    rollout=RolloutConfig(n_steps=2_048, seed=4, starts=_starts(n_anchors=128, n_varied=16)),
)
"""The paper's numbers, for a GPU."""

PROFILES: dict[str, ExperimentConfig] = {config.profile: config for config in (QUICK, LAPTOP, PAPER)}
"""Every profile by name."""
