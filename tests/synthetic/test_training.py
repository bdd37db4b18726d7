from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from synthetic.config import ExperimentConfig
from synthetic.machine import Slice, TimeIsUpError
from synthetic.pairs import Pairs
from synthetic.quadratic import make_quadratic
from synthetic.tokens import NumberTokens
from synthetic.training import (
    TrainingDivergedError,
    learning_rate,
    predicted_positions,
    sequence_loss,
    train,
    validation_loss,
)
from synthetic.training_state import TrainingProgress
from tests.synthetic.conftest import new_model, with_training


class FewPairs(Pairs):
    """The same few sequences at every step, and for validation."""

    def __init__(self, sequences: torch.Tensor) -> None:
        self.validation = sequences.to(torch.uint8)

    def batch(self, step: int) -> torch.Tensor:
        return self.validation.to(torch.int64)


@pytest.fixture
def pairs(tiny: ExperimentConfig) -> Pairs:
    return Pairs(tiny, make_quadratic(tiny.problem), seed=3)


@pytest.mark.parametrize(("loss_on", "first"), [("update", 10), ("sequence", 1)])
def test_the_loss_is_the_mean_cross_entropy_of_the_predicted_tokens(
    tiny: ExperimentConfig, pairs: Pairs, loss_on: str, first: int
) -> None:
    config = with_training(tiny, loss_on=loss_on)
    assert predicted_positions(config) == range(first, 20)
    model = new_model(config)
    tokens = pairs.batch(0)[:5]
    with torch.no_grad():
        log_probabilities = torch.log_softmax(model(tokens[:, :-1]), -1)
        by_hand = [
            -float(log_probabilities[row, place - 1, tokens[row, place]])
            for row in range(5)
            for place in range(first, 20)
        ]
        assert float(sequence_loss(model, tokens, first)) == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-5)
        assert validation_loss(model, tokens, first) == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-5)


def test_a_guess_uniform_over_legal_tokens_has_the_uniform_loss(tiny: ExperimentConfig, pairs: Pairs) -> None:
    codec = NumberTokens(tiny.tokens.decimals)
    places = predicted_positions(tiny)
    logits = torch.zeros(20, 12, dtype=torch.float64).masked_fill(~codec.legal_mask(20), -torch.inf)[places.start :]
    targets = pairs.validation[:, places.start :].long()
    loss = torch.nn.functional.cross_entropy(logits.expand(len(targets), -1, -1).flatten(0, 1), targets.flatten())
    assert float(loss) == pytest.approx(codec.uniform_loss(places), abs=1e-12)


def test_one_step_lowers_the_loss(tiny: ExperimentConfig, pairs: Pairs) -> None:
    config = with_training(tiny, n_steps=1, warmup_steps=0)
    same = FewPairs(pairs.batch(0))
    losses = [row.loss for row in train(new_model(config), same, config) if row.split == "validation"]
    assert losses[1] < losses[0]


def test_a_tiny_model_overfits_one_batch(tiny: ExperimentConfig, pairs: Pairs) -> None:
    config = with_training(tiny, n_steps=250, warmup_steps=10, validate_every=250, weight_decay=0.0)
    rows = train(new_model(config), FewPairs(pairs.batch(0)[:12]), config)
    assert rows[-1].split == "validation"
    assert rows[-1].loss < 0.1


def test_a_seed_gives_identical_losses_and_weights(tiny: ExperimentConfig, pairs: Pairs) -> None:
    first, again = new_model(tiny), new_model(tiny)
    assert train(first, pairs, tiny) == train(again, pairs, tiny)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert train(new_model(tiny), pairs.in_order_of(77), tiny) != train(new_model(tiny), pairs, tiny)


@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler on a CPU")
def test_a_compiled_training_learns_what_an_eager_one_does(
    tiny: ExperimentConfig, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of its own: what a killed compiler leaves half written in the usual one is loaded by the next run.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    config = with_training(tiny, n_steps=3, log_every=1)
    eager = [row.loss for row in train(new_model(config, "one"), pairs, config)]
    assert [row.loss for row in train(new_model(config, "one"), pairs, config, compiled=True)] == pytest.approx(
        eager, rel=1e-4
    )


def test_losses_are_logged_when_the_configuration_says(tiny: ExperimentConfig, pairs: Pairs) -> None:
    lines: list[str] = []
    rows = train(new_model(tiny), pairs, tiny, lines.append)
    assert [row.step for row in rows if row.split == "train"] == [0, 2, 4]
    assert [row.step for row in rows if row.split == "validation"] == [0, 3, 6]
    assert [row.n_tokens for row in rows if row.split == "validation"] == [0, 3 * 32 * 20, 6 * 32 * 20]
    assert len(lines) == 3


def test_learning_rate_warms_up_then_follows_a_cosine(tiny: ExperimentConfig) -> None:
    settings = replace(tiny.training, warmup_steps=4, n_steps=104, final_learning_rate_fraction=0.1)
    rates = [learning_rate(step, 1.0, settings) for step in range(105)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0
    assert rates[54] == pytest.approx(0.55)
    assert rates[29] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 4)))
    assert rates[104] == pytest.approx(0.1)


def test_a_loss_that_is_no_number_stops_the_training(tiny: ExperimentConfig, pairs: Pairs) -> None:
    model = new_model(tiny)
    with torch.no_grad():
        model.head.weight.fill_(math.nan)
    with pytest.raises(TrainingDivergedError, match="learning_rate"):
        train(model, pairs, tiny)


def test_weights_that_are_no_numbers_are_not_kept(
    tiny: ExperimentConfig, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.training.CHECK_EVERY", 2)
    monkeypatch.setattr("synthetic.training.SAVE_EVERY_S", 0)
    config, model, kept = (
        with_training(tiny, n_steps=9, log_every=100, validate_every=100),
        new_model(tiny),
        list[int](),
    )

    class Breaking(FewPairs):
        def batch(self, step: int) -> torch.Tensor:
            if step == 5:
                with torch.no_grad():
                    model.head.weight[0, 0] = math.nan
            return super().batch(step)

    with pytest.raises(TrainingDivergedError, match="no longer a number at step 6"):
        train(model, Breaking(pairs.batch(0)), config, save=lambda progress: kept.append(progress.step))
    assert kept == [2, 4]


def test_a_slice_ends_with_its_progress_kept_and_the_next_goes_on_as_if_nothing_had_happened(
    tiny: ExperimentConfig, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.training.CHECK_EVERY", 2)
    whole, kept = new_model(tiny), list[TrainingProgress]()
    losses = train(whole, pairs, tiny)

    with pytest.raises(TimeIsUpError, match="stopped at step 2/6"):
        train(new_model(tiny), pairs, tiny, save=kept.append, time_slice=Slice(minutes=0))
    with pytest.raises(TimeIsUpError, match="stopped at step 4/6"):
        train(new_model(tiny), pairs, tiny, save=kept.append, progress=kept[0], time_slice=Slice(minutes=0))
    model = new_model(tiny, seed=99)
    assert train(model, pairs, tiny, progress=kept[1]) == losses
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), model.parameters(), strict=True))


def test_progress_is_kept_between_slices(tiny: ExperimentConfig, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthetic.training.CHECK_EVERY", 2)
    monkeypatch.setattr("synthetic.training.SAVE_EVERY_S", 0)
    steps: list[Any] = []
    train(new_model(tiny), pairs, tiny, save=lambda done: steps.append(done.step))
    assert steps == [2, 4]
