from __future__ import annotations

from dataclasses import replace

import torch

from synthetic.config import ExperimentConfig, TokenConfig
from synthetic.pairs import BLOCK_STEPS, KNOT_EVERY, Pairs, encode_pairs
from synthetic.profiles import PROFILES
from synthetic.quadratic import descend, make_quadratic, sample_starts
from synthetic.tokens import NumberTokens
from tests.synthetic.conftest import with_training


def pairs_of(config: ExperimentConfig) -> Pairs:
    return Pairs(config, make_quadratic(config.problem), config.seeds[0])


def all_pairs(config: ExperimentConfig) -> torch.Tensor:
    """Every pair of every trajectory, the plain way: shape (steps, trajectories, sequence length)."""
    quadratic = make_quadratic(config.problem)
    generator = torch.Generator().manual_seed(config.data.seed)
    starts = sample_starts(quadratic, config.data.n_trajectories, config.problem.start_scale, generator)
    points = descend(quadratic, starts, config.data.n_steps - 1, config.problem.step_norm)
    return encode_pairs(config, quadratic, points.flatten(0, 1)).view(*points.shape[:2], -1)


def test_batches_are_pairs_of_the_teachers_trajectories(tiny: ExperimentConfig) -> None:
    pairs, plain = pairs_of(tiny), all_pairs(tiny)
    assert tiny.data.n_steps > KNOT_EVERY
    for step in (0, 5, BLOCK_STEPS, BLOCK_STEPS + 1):
        trajectory, place = pairs.places(step, 1)
        assert int(trajectory.max()) < 36
        assert torch.equal(pairs.batch(step), plain[place, trajectory].long())


def test_a_pass_shows_every_training_pair_once_and_the_next_one_another_order(tiny: ExperimentConfig) -> None:
    config = with_training(tiny, batch_size=36)
    pairs = pairs_of(config)
    assert pairs.n_train == 36 * 50
    first, second = (torch.stack(pairs.places(start, 50), dim=1).tolist() for start in (0, 50))
    everything = [[trajectory, step] for trajectory in range(36) for step in range(50)]
    assert sorted(first) == sorted(second) == everything
    assert first != second


def test_a_batch_may_reach_over_the_end_of_a_pass(tiny: ExperimentConfig) -> None:
    config = with_training(tiny, batch_size=1_000)
    pairs = pairs_of(config)
    shown = [pair for step in range(9) for pair in zip(*(each.tolist() for each in pairs.places(step, 1)), strict=True)]
    assert len(shown) == 9_000
    assert {shown.count(pair) for pair in set(shown)} == {5}  # 9,000 = 5 passes over 1,800 pairs


def test_held_out_trajectories_are_truly_held_out(tiny: ExperimentConfig) -> None:
    # Written this finely, pairs of different trajectories are never equal by chance.
    config = replace(tiny, tokens=TokenConfig(decimals=7))
    pairs, plain = pairs_of(config), all_pairs(config)
    held_out = {tuple(row) for row in plain[:, 36:].flatten(0, 1).tolist()}
    trained_on = {tuple(row) for row in plain[:, :36].flatten(0, 1).tolist()}
    assert pairs.validation.shape == (64, 40)
    shown = [tuple(row) for row in pairs.validation.tolist()]
    assert set(shown) <= held_out
    assert not set(shown) & trained_on


def test_batches_depend_on_seed_and_step_alone(tiny: ExperimentConfig) -> None:
    pairs, again = pairs_of(tiny), pairs_of(tiny)
    later = pairs.batch(70)
    assert torch.equal(pairs.batch(3), again.batch(3))
    assert torch.equal(again.batch(70), later)
    assert not torch.equal(pairs.batch(3), pairs.batch(4))
    assert not torch.equal(pairs.batch(3), pairs.in_order_of(77).batch(3))


def test_pairs_are_the_teachers_steps(tiny: ExperimentConfig) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    quadratic = make_quadratic(tiny.problem)
    batches = torch.cat([pairs_of(tiny).batch(step) for step in range(10)])
    points, steps = codec.decode(batches).reshape(-1, 2, 2).unbind(1)
    assert (steps.norm(dim=-1) - tiny.problem.step_norm).abs().max() < 5e-4
    # Written points are rounded, so the direction is near the exact one, not equal to it.
    cosine = torch.nn.functional.cosine_similarity(steps, quadratic.teacher_step(points, 1.0), dim=-1)
    assert cosine.median() > 0.999


def test_profiles_train_on_about_one_pass() -> None:
    """Paper: about 65,000 steps, one pass; `quick` stops before its end."""
    shares = {}
    for name, config in PROFILES.items():
        n_train = (config.data.n_trajectories - config.data.n_held_out) * config.data.n_steps
        shares[name] = config.training.n_steps * config.training.batch_size / n_train
    assert 0.85 < shares["paper"] < 1 and 0.85 < shares["laptop"] < 1
    assert shares["quick"] < 1
