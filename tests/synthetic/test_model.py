from __future__ import annotations

import pytest
import torch

from synthetic.config import ExperimentConfig
from synthetic.model import Cache, param_count
from synthetic.training import sequence_loss
from tests.synthetic.conftest import lively_model, new_model


def sequences(config: ExperimentConfig, n: int = 7) -> torch.Tensor:
    return torch.randint(0, 12, (n, config.sequence_length), generator=torch.Generator().manual_seed(1))


def test_cached_decoding_equals_the_full_forward_pass(tiny: ExperimentConfig) -> None:
    model = lively_model(tiny)
    tokens = sequences(tiny)[:, :-1]
    prompt = tiny.update_length
    with torch.no_grad():
        full = model(tokens)
        cache = Cache(model, len(tokens))
        pieces = [model(tokens[:, :prompt], cache)]
        pieces += [model(tokens[:, place : place + 1], cache) for place in range(prompt, tokens.shape[1])]
    torch.testing.assert_close(torch.cat(pieces, dim=1), full, rtol=1e-4, atol=1e-4)
    assert full.std() > 0.5


def test_no_token_sees_a_later_one(tiny: ExperimentConfig) -> None:
    model = lively_model(tiny)
    tokens = sequences(tiny)[:, :-1]
    changed = tokens.clone()
    changed[:, 8] = (changed[:, 8] + 1) % 12
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :8], after[:, :8])
    assert not torch.allclose(before[:, 8:], after[:, 8:], atol=1e-2)


def test_first_output_leaves_out_logits_only(tiny: ExperimentConfig) -> None:
    model = lively_model(tiny)
    tokens = sequences(tiny)[:, :-1]
    with torch.no_grad():
        torch.testing.assert_close(model(tokens, first_output=9), model(tokens)[:, 9:])


def test_tokens_that_do_not_fit_are_refused(tiny: ExperimentConfig) -> None:
    model = new_model(tiny)
    with pytest.raises(ValueError, match="capacity 19"):
        model(sequences(tiny))
    cache = Cache(model, 7)
    model(sequences(tiny)[:, :4], cache)
    with pytest.raises(ValueError, match="cannot read 2 tokens after 4"):
        model(sequences(tiny)[:, 4:6], cache)


def test_a_seed_gives_the_same_weights(tiny: ExperimentConfig) -> None:
    first, again, other = new_model(tiny, seed=1), new_model(tiny, seed=1), new_model(tiny, seed=2)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(first.head.weight, other.head.weight)


def gradients(model: torch.nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """Of the loss of a batch by all weights, one after the other."""
    sequence_loss(model, tokens, 5).backward()  # type: ignore[no-untyped-call]
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None])


def test_gradients_are_those_of_pytorchs_own_attention_and_norm(
    tiny: ExperimentConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = sequences(tiny, 50)
    ours = gradients(lively_model(tiny).double(), tokens)
    monkeypatch.setattr("synthetic.model.FEW_TOKENS", 0)
    monkeypatch.setattr("synthetic.model.RMSNorm.forward", torch.nn.RMSNorm.forward)
    theirs = gradients(lively_model(tiny).double(), tokens)
    assert len(ours) == param_count(new_model(tiny))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
