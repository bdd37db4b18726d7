"""Models of one size trained side by side: what each would learn alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from synthetic import machine as machine_module
from synthetic.config import ExperimentConfig
from synthetic.experiment import checkpoint_path, progress_path, train_models
from synthetic.machine import CPU, Machine, Slice, TimeIsUpError
from warehouse.layout import Layout

NAMES = ["two-s1", "two-s2", "two-s5"]


@pytest.fixture
def config(tiny: ExperimentConfig) -> ExperimentConfig:
    return replace(tiny, seeds=(1, 2, 5), training=replace(tiny.training, n_steps=12, gradient_clip=0.5))


@pytest.fixture
def stacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module.Machine, "side_by_side", True)


def weights(config: ExperimentConfig, layout: Layout, name: str) -> dict[str, torch.Tensor]:
    return load_file(checkpoint_path(config, name, layout))


def test_models_learn_side_by_side_what_each_learns_alone(
    config: ExperimentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together = Layout(tmp_path / "alone"), Layout(tmp_path / "together")
    one_by_one = train_models(config, NAMES, alone)
    monkeypatch.setattr(machine_module.Machine, "side_by_side", True)
    lines: list[str] = []
    at_once = train_models(config, NAMES, together, lines.append)
    assert [result.model_id for result in at_once] == [config.model_id(name) for name in NAMES]
    assert sum("step 12/12: validation loss" in line for line in lines) == 3
    losses = [result.validation_loss for result in at_once]
    assert losses == pytest.approx([result.validation_loss for result in one_by_one], rel=1e-4)
    assert len({round(loss or 0, 6) for loss in losses}) == 3, "each saw its own data"
    for name in NAMES:
        expected = weights(config, alone, name)
        found = weights(config, together, name)
        for tensor_name, value in expected.items():
            torch.testing.assert_close(found[tensor_name], value, rtol=2e-3, atol=2e-4)


def test_an_interrupted_team_goes_on_where_it_stopped(
    config: ExperimentConfig, tmp_path: Path, stacked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.side_by_side.CHECK_EVERY", 4)
    whole, cut = Layout(tmp_path / "whole"), Layout(tmp_path / "cut")
    train_models(config, NAMES, whole)
    with pytest.raises(TimeIsUpError, match="step 4/12"):
        train_models(config, NAMES, cut, machine=Machine(time_slice=Slice(minutes=0)))
    assert all(progress_path(config, name, cut).is_file() for name in NAMES)
    # One of them lost what it had done: it begins anew, alone, and the others go on together.
    progress_path(config, "two-s2", cut).unlink()
    lines: list[str] = []
    train_models(config, NAMES, cut, lines.append, CPU)
    assert sum("going on at step 4/12" in line for line in lines) == 2
    for name in NAMES:
        expected, found = weights(config, whole, name), weights(config, cut, name)
        for tensor_name, value in expected.items():
            torch.testing.assert_close(found[tensor_name], value, rtol=2e-3, atol=2e-4)
    assert not list(cut.checkpoints.rglob("*.training.safetensors"))
