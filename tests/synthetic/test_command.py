from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from synthetic.config import ExperimentConfig
from synthetic.profiles import PROFILES
from tests.synthetic.conftest import with_training


@pytest.fixture
def root(tmp_path: Path, tiny: ExperimentConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path))
    monkeypatch.setitem(PROFILES, "tiny", with_training(tiny, n_steps=25))
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["synthetic", *arguments])


def test_a_profile_is_run_in_slices_until_nothing_is_left(root: Path) -> None:
    for _ in range(20):
        result = call("--profile", "tiny", "--max-minutes", "0.01")
        if result.exit_code == 0:
            break
        assert result.exit_code == 75
        assert "run the same command again" in result.stderr
    assert "Next: incoherence build" in result.stdout
    again = call("--profile", "tiny")
    assert again.exit_code == 0
    assert again.stdout.count("nothing to do") == 1 + 2 + 2 + 6


def test_a_broken_file_of_an_unfinished_training_ends_in_one_line(root: Path, tiny: ExperimentConfig) -> None:
    config = PROFILES["tiny"]
    path = root / "checkpoints" / config.problem_id / f"{config.model_id('one-s1')}.training.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x80pickle")
    result = call("--profile", "tiny")
    assert result.exit_code == 1
    assert "pickles are never loaded" in result.stderr


def test_bad_usage_is_said_so(root: Path) -> None:
    unknown = call("--profile", "huge")
    assert unknown.exit_code == 2 and "quick, laptop, paper" in unknown.stderr
    assert call("--profile", "tiny", "--device", "tpu").exit_code == 2
    if not torch.cuda.is_available():
        no_gpu = call("--profile", "tiny", "--device", "cuda")
        assert no_gpu.exit_code == 2 and "sees no GPU" in no_gpu.stderr
