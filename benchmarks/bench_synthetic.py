"""The synthetic optimizer: training against a plain eager loop, rollouts against Hugging Face's `generate`.

On the CPU, and where there is a GPU, on it too. Same architecture, same weights, same batch, same precision; what both
compute is held equal before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.harness import Comparison, compare
from benchmarks.plain_training import PlainTransformer, plain_train, targets_of
from synthetic import pairs as pairs_module
from synthetic.config import ExperimentConfig, ModelSize
from synthetic.decoding import Decoder
from synthetic.model import Transformer
from synthetic.pairs import Pairs
from synthetic.profiles import LAPTOP, PAPER, QUICK
from synthetic.quadratic import make_quadratic, sample_starts
from synthetic.rollouts import roll_out
from synthetic.tokens import NumberTokens
from synthetic.training import predicted_positions, sequence_loss, train

QUICK_58K = replace(
    QUICK,
    sizes=(ModelSize(name="large", n_layers=2, width=48, n_heads=2, learning_rate=4e-3),),
    training=replace(QUICK.training, batch_size=256),
)
LAPTOP_58K = replace(
    LAPTOP,
    sizes=(ModelSize(name="58k", n_layers=2, width=48, n_heads=2, learning_rate=4e-3),),
    training=replace(LAPTOP.training, batch_size=512),
)
"""Sizes and batches that do not follow the profiles, so that ratios of different versions can be compared."""

N_POINTS = 4_096

ROUNDS = 9
"""Both ways use all cores, so that whatever else runs weighs on one of them: the median of many rounds."""


def run() -> Iterable[Comparison]:
    yield training(QUICK_58K, "large", n_steps=24, wanted=1.2)
    yield training(LAPTOP_58K, "58k", n_steps=8, wanted=1.2)
    yield rollouts(LAPTOP_58K, "58k", n_steps=4, wanted=3)
    yield rollouts(PAPER, "47k", n_steps=2, wanted=3)
    if torch.cuda.is_available():
        for size in PAPER.sizes:
            yield training(PAPER, size.name, n_steps=200, wanted=2, device="cuda")
        for size in PAPER.sizes:
            yield rollouts(PAPER, size.name, n_steps=64, wanted=20, device="cuda")


def new_model(config: ExperimentConfig, size_name: str, device: str, seed: int = 1) -> Transformer:
    model = Transformer(config.size(size_name), config.sequence_length)
    model.initialise(seed)
    return model.to(device)


def training(
    config: ExperimentConfig,
    size_name: str,
    n_steps: int,
    wanted: float | None,
    device: str = "cpu",
    rounds: int = ROUNDS,
) -> Comparison:
    """Optimizer steps, each with its batch; ours are made on the way, the plain loop finds them in memory."""
    # Fewer trajectories, so that setting up is not what is timed; and no validation but the last, of a few pairs.
    short = replace(config.training, n_steps=n_steps, validate_every=10**9, n_validation_pairs=16)
    config = replace(config, data=replace(config.data, n_trajectories=1_000), training=short)
    pairs_module.BLOCK_STEPS = n_steps  # batches are made within the steps that are timed
    pairs = Pairs(config, make_quadratic(config.problem, device), config.seeds[0])
    sequences = torch.cat([pairs.batch(step) for step in range(8)]).to("cpu", torch.uint8)
    ours = new_model(config, size_name, device)
    plain = PlainTransformer(ours).to(device)
    first = predicted_positions(config).start
    batch = pairs.batch(0)
    with torch.no_grad():
        losses = sequence_loss(ours, batch, first), plain(batch[:, :-1], targets_of(batch, first))
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5)

    def train_ours() -> object:
        pairs.forget()
        return train(ours, pairs, config, compiled=device == "cuda")  # as the command does

    n_tokens = n_steps * short.batch_size * config.sequence_length
    return compare(
        f"{device}: train {config.profile} {size_name}: {n_tokens / 1e6:.2f} M tokens",
        "plain eager loop (nanoGPT style)",
        train_ours,
        lambda: plain_train(plain, sequences, short, first, n_steps),
        rounds=rounds,
        wanted=wanted,
    )


def rollouts(
    config: ExperimentConfig,
    size_name: str,
    n_steps: int,
    wanted: float | None,
    device: str = "cpu",
    rounds: int = ROUNDS,
) -> Comparison:
    """Steps of 4,096 points, each a constrained greedy decoding."""
    from benchmarks.hugging_face import generate, in_hugging_face  # transformers takes seconds to import

    config = replace(config, rollout=replace(config.rollout, n_steps=n_steps))
    codec = NumberTokens(config.tokens.decimals)
    legal = codec.legal_mask(config.update_length).to(device)
    ours = livened(new_model(config, size_name, device))
    theirs = in_hugging_face(ours)
    generator = torch.Generator().manual_seed(1)
    starts = sample_starts(make_quadratic(config.problem, device), N_POINTS, 1.0, generator)
    check_same(ours, theirs, codec.encode(starts[:256]).to(torch.int64), legal)

    def roll_out_theirs() -> Tensor:
        x = starts
        for _ in range(n_steps):
            x = x + codec.decode(generate(theirs, codec.encode(x).to(torch.int64), legal))
        return x

    return compare(
        f"{device}: roll out {config.profile} {size_name}: {N_POINTS * n_steps:,} points·steps",
        "transformers generate, same weights",
        lambda: in_full(lambda: list(roll_out(ours, starts, config, 0.0))),
        lambda: in_full(roll_out_theirs),
        rounds=rounds,
        wanted=wanted,
    )


def in_full(call: Callable[[], object]) -> None:
    """Do all of it: a GPU may still be at work when a call returns."""
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def livened(model: Transformer) -> Transformer:
    """Weights so large that the choice of a token hangs on what was read, as after training."""
    with torch.no_grad():
        model.embedding.weight.mul_(20)
        model.positions.mul_(20)
        model.head.weight.mul_(3)
    return model.eval()


def check_same(ours: Transformer, theirs: object, prompts: Tensor, legal: Tensor) -> None:
    """Logits agree to 1e-4, and both decode the same."""
    from benchmarks.hugging_face import generate

    decoded = Decoder.of(ours, legal, len(prompts)).decode(prompts)
    sequences = torch.cat([prompts, decoded], dim=1)[:, :-1]
    with torch.inference_mode():
        torch.testing.assert_close(theirs(sequences).logits, ours(sequences), rtol=0, atol=1e-4)  # type: ignore[operator]
    same = (generate(theirs, prompts, legal) == decoded).all(1)
    if not bool(same.float().mean() > 0.99):  # two tokens may be alike to rounding
        raise RuntimeError(f"only {int(same.sum())} of {len(same)} prompts are decoded alike")
