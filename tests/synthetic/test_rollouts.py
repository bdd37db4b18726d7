from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from synthetic.config import ExperimentConfig, ModelSize
from synthetic.counters import uniforms
from synthetic.decoding import CachedDecoder, Decoder, RowsLastDecoder
from synthetic.pairs import Pairs
from synthetic.profiles import QUICK
from synthetic.quadratic import Quadratic, descend, make_quadratic
from synthetic.rollouts import roll_out, rollout_starts
from synthetic.tokens import NumberTokens
from synthetic.training import predicted_positions, train
from tests.synthetic.conftest import lively_model, new_model, with_starts, with_training


def prompts(config: ExperimentConfig, n: int = 200) -> torch.Tensor:
    values = torch.randn(n, config.problem.dimension, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return NumberTokens(config.tokens.decimals).encode(values)


DECODERS = pytest.mark.parametrize("decoder_type", [RowsLastDecoder, CachedDecoder])
"""The one for a CPU and the one for a GPU, which does the same on a CPU."""


@DECODERS
@pytest.mark.parametrize("size_name", ["one", "two"])
def test_greedy_decoding_takes_the_likeliest_legal_token_of_the_full_forward_pass(
    tiny: ExperimentConfig, size_name: str, decoder_type: type[Decoder]
) -> None:
    """Where two are alike to rounding, either."""
    codec = NumberTokens(tiny.tokens.decimals)
    model = lively_model(tiny, size_name)
    tokens = prompts(tiny, 50).long()
    update = decoder_type(model, codec.legal_mask(tiny.update_length), 50).decode(tokens)
    with torch.no_grad():
        for place in range(tiny.update_length):
            logits = model(tokens)[:, -1]
            allowed = codec.allowed_tokens(place)
            assert set(update[:, place].tolist()) <= set(allowed.tolist())
            best = logits[:, allowed].max(-1).values
            torch.testing.assert_close(logits.gather(1, update[:, place : place + 1])[:, 0], best, rtol=0, atol=1e-4)
            tokens = torch.cat([tokens, update[:, place : place + 1]], dim=1)
    assert len(update.unique(dim=0)) > 1


@DECODERS
def test_what_is_decoded_does_not_depend_on_earlier_prompts(
    tiny: ExperimentConfig, decoder_type: type[Decoder]
) -> None:
    decoder = decoder_type(lively_model(tiny), NumberTokens(tiny.tokens.decimals).legal_mask(tiny.update_length), 200)
    first = decoder.decode(prompts(tiny))
    decoder.decode(prompts(tiny).flip(0))
    assert torch.equal(decoder.decode(prompts(tiny)), first)


def test_decoders_take_over_the_room_of_those_that_are_gone_only(tiny: ExperimentConfig) -> None:
    arguments = lively_model(tiny), NumberTokens(tiny.tokens.decimals).legal_mask(tiny.update_length), 200
    first, second = RowsLastDecoder(*arguments), RowsLastDecoder(*arguments)
    rooms = [decoder._projected.data_ptr() for decoder in (first, second)]
    del first
    third = RowsLastDecoder(*arguments)
    assert rooms == [third._projected.data_ptr(), second._projected.data_ptr()] and rooms[0] != rooms[1]
    assert torch.equal(third.decode(prompts(tiny)), second.decode(prompts(tiny)))


@DECODERS
@pytest.mark.parametrize("temperature", [1.0, 50.0])
def test_constrained_decoding_yields_legal_tokens_only(
    tiny: ExperimentConfig, temperature: float, decoder_type: type[Decoder]
) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    decoder = decoder_type(lively_model(tiny), codec.legal_mask(tiny.update_length), 200)
    drawn = uniforms(torch.arange(200 * tiny.update_length).view(200, -1), 1)
    drawn[0], drawn[1] = 0.0, 1 - 2**-53  # the ends of the range too
    update = decoder.decode(prompts(tiny), temperature, drawn)
    for place in range(tiny.update_length):
        assert set(update[:, place].tolist()) <= set(codec.allowed_tokens(place).tolist())
    assert len(update.unique(dim=0)) > 1


@DECODERS
def test_temperature_draws_from_the_softmax_over_legal_tokens(
    tiny: ExperimentConfig, decoder_type: type[Decoder]
) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    model = lively_model(tiny)
    tokens = prompts(tiny, 1).expand(20_000, -1)
    drawn = uniforms(torch.arange(20_000 * tiny.update_length).view(20_000, -1), 1)
    update = decoder_type(model, codec.legal_mask(tiny.update_length), 20_000).decode(tokens, 2.0, drawn)
    allowed = codec.allowed_tokens(0)
    with torch.no_grad():
        expected = torch.softmax(model(tokens[:1].long())[0, -1, allowed] / 2.0, -1)
    shares = torch.stack([(update[:, 0] == token).double().mean() for token in allowed])
    # Four standard errors of a share from 20,000 draws.
    assert (shares - expected).abs().max() < 4 * 0.5 / 20_000**0.5


def starts_of(config: ExperimentConfig) -> torch.Tensor:
    """Shape (M, K, d)."""
    return rollout_starts(config, config.rollout.starts[0], make_quadratic(config.problem))


def walk(config: ExperimentConfig, temperature: float = 0.0, **cut: int) -> torch.Tensor:
    """Points of a whole rollout, the starts first: shape (steps + 1, M · K, d)."""
    starts = starts_of(config).flatten(0, 1)
    return torch.cat([starts.unsqueeze(0), *roll_out(lively_model(config), starts, config, temperature, **cut)])


def test_starts_are_anchors_with_jittered_replicates(tiny: ExperimentConfig) -> None:
    config = with_starts(tiny, n_anchors=200, n_replicates=100, jitter=0.05, scale=2.0)
    starts = starts_of(config)
    assert starts.shape == (200, 100, 2)
    assert starts.std(dim=1).mean() == pytest.approx(0.05, rel=0.02)
    assert starts.mean(dim=1).std(dim=0).mean() == pytest.approx(2.0, rel=0.15)
    assert torch.equal(starts, starts_of(config))


def test_without_jitter_only_a_temperature_tells_replicates_apart(tiny: ExperimentConfig) -> None:
    config = with_starts(tiny, jitter=0.0)
    greedy, drawn = (walk(config, temperature).view(6, 3, 4, 2) for temperature in (0.0, 1.0))
    assert torch.equal(greedy, greedy[:, :, :1].expand_as(greedy))
    assert not torch.equal(drawn, drawn[:, :, :1].expand_as(drawn))


def test_a_rollout_adds_decoded_updates_in_float64(tiny: ExperimentConfig) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    points = walk(tiny)
    assert points.shape == (6, 12, 2)
    assert points.dtype == torch.float64
    decoder = Decoder.of(lively_model(tiny), codec.legal_mask(tiny.update_length), 12)
    for before, after in pairwise(points):
        assert torch.equal(after, before + codec.decode(decoder.decode(codec.encode(before))))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_rollout_is_the_same_in_spans_and_when_taken_up_again(tiny: ExperimentConfig, temperature: float) -> None:
    points = walk(tiny, temperature)
    assert torch.equal(walk(tiny, temperature, span=2), points)
    rest = torch.cat(list(roll_out(lively_model(tiny), points[3], tiny, temperature, done=3)))
    assert torch.equal(rest, points[4:])


def test_a_rollout_that_nobody_wants_more_of_ends(tiny: ExperimentConfig) -> None:
    spans = roll_out(lively_model(tiny), starts_of(tiny).flatten(0, 1), tiny, 0.0, span=1)
    next(spans)
    n_threads = threading.active_count()
    spans.close()
    assert threading.active_count() < n_threads


def test_a_rollout_is_the_same_on_any_number_of_threads(
    tiny: ExperimentConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.rollouts.GROUP_ROWS", 5)
    points = walk(tiny, 1.0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(walk(tiny, 1.0), points)


def test_rollouts_with_temperature_follow_their_seed(tiny: ExperimentConfig) -> None:
    starts, model = starts_of(tiny).flatten(0, 1), lively_model(tiny)
    other = replace(tiny, rollout=replace(tiny.rollout, seed=9))
    ends = [list(roll_out(model, starts, config, 1.0))[-1] for config in (tiny, tiny, other)]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def per_start_incoherence(quadratic: Quadratic, points: torch.Tensor) -> torch.Tensor:
    """Σ variance / Σ error over anchors, in the A-norm, of points (…, M, K, d): shape (…)."""
    mean = points.mean(-2, keepdim=True)
    variance = quadratic.squared_a_norm(points - mean).mean(-1).sum(-1)
    error = quadratic.squared_a_norm(points - quadratic.b).mean(-1).sum(-1)
    return variance / error


def test_the_quick_profiles_teacher_starts_coherent_and_ends_in_a_wander() -> None:
    quadratic = make_quadratic(QUICK.problem)
    points = descend(quadratic, starts_of(QUICK), QUICK.rollout.n_steps, QUICK.problem.step_norm)
    incoherence = per_start_incoherence(quadratic, points)
    assert incoherence[0] < 0.01
    assert incoherence[-1] > 0.8
    value = quadratic.value(points).flatten(1).median(dim=1).values
    assert value[-1] < value[0] / 100


def test_a_trained_model_beats_the_uniform_baseline_and_descends() -> None:
    size = ModelSize(name="small", n_layers=1, width=16, n_heads=2, learning_rate=8e-3)
    config = replace(QUICK, profile="short", sizes=(size,), data=replace(QUICK.data, n_trajectories=400))
    config = with_training(config, n_steps=200, batch_size=128, warmup_steps=20, validate_every=200)
    config = with_starts(config, n_anchors=8, n_replicates=4)
    quadratic = make_quadratic(config.problem)
    model = new_model(config, "small", seed=3)
    losses = train(model, Pairs(config, quadratic, seed=3), config)
    uniform = NumberTokens(config.tokens.decimals).uniform_loss(predicted_positions(config))
    assert losses[-1].loss < uniform / 2
    starts = starts_of(config).flatten(0, 1)
    (points,) = roll_out(model, starts, config, 0.0)
    assert quadratic.value(points[-1]).median() < quadratic.value(starts).median() / 3
