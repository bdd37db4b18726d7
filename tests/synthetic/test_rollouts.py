from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from synthetic.config import QUICK, ExperimentConfig
from synthetic.pairs import make_pairs
from synthetic.quadratic import Quadratic, descend, make_quadratic
from synthetic.rollouts import propose_update, roll_out, rollout_starts
from synthetic.tokens import NumberTokens
from synthetic.training import predicted_positions, train
from tests.synthetic.conftest import lively_model, new_model, with_rollout, with_training


def prompts(config: ExperimentConfig, n: int = 200) -> torch.Tensor:
    values = torch.randn(n, config.problem.dimension, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return NumberTokens(config.tokens.decimals).encode(values)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 50.0])
def test_constrained_decoding_yields_legal_tokens_only(tiny: ExperimentConfig, temperature: float) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    legal = codec.legal_mask(tiny.update_length)
    generator = torch.Generator().manual_seed(0)
    update = propose_update(lively_model(tiny), prompts(tiny), legal, temperature, generator)
    for place in range(tiny.update_length):
        assert set(update[:, place].tolist()) <= set(codec.allowed_tokens(place).tolist())
    assert len(update.unique(dim=0)) > 1


def test_greedy_decoding_is_the_likeliest_legal_token_of_the_full_forward_pass(tiny: ExperimentConfig) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    model = lively_model(tiny)
    tokens = prompts(tiny, 20).long()
    update = propose_update(model, tokens, codec.legal_mask(tiny.update_length), 0.0)
    with torch.no_grad():
        for place in range(tiny.update_length):
            logits = model(tokens)[:, -1]
            allowed = codec.allowed_tokens(place)
            chosen = allowed[logits[:, allowed].argmax(-1)]
            assert torch.equal(update[:, place], chosen)
            tokens = torch.cat([tokens, chosen[:, None]], dim=1)


def test_temperature_draws_from_the_softmax_over_legal_tokens(tiny: ExperimentConfig) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    model = lively_model(tiny)
    tokens = prompts(tiny, 1).expand(20_000, -1)
    legal = codec.legal_mask(tiny.update_length)
    update = propose_update(model, tokens, legal, 2.0, torch.Generator().manual_seed(0))
    allowed = codec.allowed_tokens(0)
    with torch.no_grad():
        expected = torch.softmax(model(tokens[:1].long())[0, -1, allowed] / 2.0, -1)
    shares = torch.stack([(update[:, 0] == token).double().mean() for token in allowed])
    # Four standard errors of a share from 20,000 draws.
    assert (shares - expected).abs().max() < 4 * 0.5 / 20_000**0.5


def test_starts_are_anchors_with_jittered_replicates(tiny: ExperimentConfig) -> None:
    config = with_rollout(tiny, n_anchors=200, n_replicates=100, jitter=0.05)
    quadratic = make_quadratic(config.problem)
    starts = rollout_starts(config, quadratic)
    assert starts.shape == (200, 100, 2)
    assert starts.std(dim=1).mean() == pytest.approx(0.05, rel=0.02)
    assert starts.mean(dim=1).std(dim=0).mean() == pytest.approx(config.problem.start_scale, rel=0.15)
    assert torch.equal(starts, rollout_starts(config, quadratic))


def test_without_jitter_greedy_replicates_are_identical(tiny: ExperimentConfig) -> None:
    config = with_rollout(tiny, jitter=0.0)
    points = roll_out(lively_model(config), rollout_starts(config, make_quadratic(config.problem)), config)
    assert torch.equal(points, points[:, :, :1].expand_as(points))


def test_a_rollout_adds_decoded_updates_in_float64(tiny: ExperimentConfig) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    model = lively_model(tiny)
    starts = rollout_starts(tiny, make_quadratic(tiny.problem))
    done: list[int] = []
    points = roll_out(model, starts, tiny, done.append)
    assert points.shape == (6, 3, 4, 2)
    assert points.dtype == torch.float64
    assert torch.equal(points[0], starts)
    assert done == [1, 2, 3, 4, 5]
    legal = codec.legal_mask(tiny.update_length)
    for before, after in pairwise(points):
        update = propose_update(model, codec.encode(before.flatten(0, 1)), legal, 0.0)
        assert torch.equal(after.flatten(0, 1), before.flatten(0, 1) + codec.decode(update))


def test_rollouts_with_temperature_follow_their_seed(tiny: ExperimentConfig) -> None:
    config = with_rollout(tiny, temperature=1.0)
    model = lively_model(config)
    starts = rollout_starts(config, make_quadratic(config.problem))
    assert torch.equal(roll_out(model, starts, config), roll_out(model, starts, config))
    assert not torch.equal(roll_out(model, starts, config), roll_out(model, starts, with_rollout(config, seed=9)))


def per_start_incoherence(quadratic: Quadratic, points: torch.Tensor) -> torch.Tensor:
    """Σ variance / Σ error over anchors, in the A-norm, of points (…, M, K, d): shape (…)."""
    mean = points.mean(-2, keepdim=True)
    variance = quadratic.squared_a_norm(points - mean).mean(-1).sum(-1)
    error = quadratic.squared_a_norm(points - quadratic.b).mean(-1).sum(-1)
    return variance / error


def test_the_quick_profiles_teacher_starts_coherent_and_ends_in_a_wander() -> None:
    quadratic = make_quadratic(QUICK.problem)
    points = descend(quadratic, rollout_starts(QUICK, quadratic), QUICK.rollout.n_steps, QUICK.problem.step_norm)
    incoherence = per_start_incoherence(quadratic, points)
    assert incoherence[0] < 0.01
    assert incoherence[-1] > 0.8
    value = quadratic.value(points).flatten(1).median(dim=1).values
    assert value[-1] < value[0] / 100


def test_a_trained_model_beats_the_uniform_baseline_and_descends() -> None:
    config = replace(QUICK, profile="short", data=replace(QUICK.data, n_trajectories=400))
    config = with_training(config, n_steps=200, batch_size=128, warmup_steps=20, validate_every=200)
    config = with_rollout(config, n_anchors=8, n_replicates=4)
    quadratic = make_quadratic(config.problem)
    model = new_model(config, "small", config.training.seed)
    losses = train(model, make_pairs(config, quadratic), config)
    uniform = NumberTokens(config.tokens.decimals).uniform_loss(predicted_positions(config))
    assert losses[-1].loss < uniform / 2
    points = roll_out(model, rollout_starts(config, quadratic), config)
    value = quadratic.value(points).flatten(1).median(dim=1).values
    assert value[-1] < value[0] / 3
