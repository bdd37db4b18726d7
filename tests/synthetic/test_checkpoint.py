from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from synthetic.checkpoint import CheckpointError, load_checkpoint, read_header, save_checkpoint
from synthetic.config import ExperimentConfig
from tests.synthetic.conftest import new_model, with_training


@pytest.fixture
def saved(tiny: ExperimentConfig, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints" / "two.safetensors"
    save_checkpoint(path, new_model(tiny), tiny, "two-s1")
    return path


def rewrite(
    path: Path, *, metadata: dict[str, Any] | None = None, weights: dict[str, torch.Tensor] | None = None
) -> None:
    """The same checkpoint with some metadata or tensors changed."""
    with safe_open(path, framework="pt") as file:
        old = json.loads(file.metadata()["experiment"])
    save_file({**load_file(path), **(weights or {})}, path, {"experiment": json.dumps({**old, **(metadata or {})})})


def test_round_trip(tiny: ExperimentConfig, saved: Path) -> None:
    loaded = load_checkpoint(saved, tiny, "two-s1").state_dict()
    for name, value in new_model(tiny).state_dict().items():
        assert torch.equal(loaded[name], value)
    header = read_header(saved)
    assert (header.config, header.member_name) == (tiny, "two-s1")
    assert [path.name for path in saved.parent.iterdir()] == ["two.safetensors"]


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("exploded"),))  # type: ignore[return-value]


@pytest.mark.parametrize("how", ["pickle", "torch.save"])
def test_a_pickle_is_refused_and_not_run(
    tiny: ExperimentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "two.safetensors"
    buffer = io.BytesIO()
    if how == "pickle":
        pickle.dump(Bomb(), buffer)
    else:
        torch.save({"weights": Bomb()}, buffer)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="pickles are never loaded"):
        load_checkpoint(path, tiny, "two-s1")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 64, b"\x08\x00\x00\x00\x00\x00\x00\x00not json"])
def test_a_file_that_is_no_checkpoint_is_refused(tiny: ExperimentConfig, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "two.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(path, tiny, "two-s1")


def test_a_cut_file_is_refused(tiny: ExperimentConfig, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(saved, tiny, "two-s1")


def test_a_missing_file_says_what_to_do(tiny: ExperimentConfig, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="train the model first"):
        load_checkpoint(tmp_path / "none.safetensors", tiny, "two-s1")


def test_wrong_shapes_and_types_are_refused(tiny: ExperimentConfig, saved: Path) -> None:
    rewrite(saved, weights={"head.weight": torch.zeros(12, 25)})
    with pytest.raises(CheckpointError, match=r"'head.weight' has shape \(12, 25\).*expected \(12, 24\)"):
        load_checkpoint(saved, tiny, "two-s1")
    rewrite(saved, weights={"head.weight": torch.zeros(12, 24, dtype=torch.float64)})
    with pytest.raises(CheckpointError, match=r"torch.float64.*expected \(12, 24\) and torch.float32"):
        load_checkpoint(saved, tiny, "two-s1")


def test_missing_unknown_and_broken_tensors_are_refused(tiny: ExperimentConfig, saved: Path) -> None:
    rewrite(saved, weights={"head.weight": torch.full((12, 24), torch.nan)})
    with pytest.raises(CheckpointError, match="NaN"):
        load_checkpoint(saved, tiny, "two-s1")
    rewrite(saved, weights={"extra": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="'extra' is unknown"):
        load_checkpoint(saved, tiny, "two-s1")
    save_checkpoint(saved, torch.nn.Linear(2, 2), tiny, "two-s1")
    with pytest.raises(CheckpointError, match=r"is (missing|unknown)"):
        load_checkpoint(saved, tiny, "two-s1")


def test_another_configuration_is_refused_by_name_of_the_field(tiny: ExperimentConfig, saved: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.training\.weight_decay = 0\.01, expected 1\.0"):
        load_checkpoint(saved, with_training(tiny, weight_decay=1.0), "two-s1")
    with pytest.raises(CheckpointError, match="holds model 'two-s1', expected 'one-s1'"):
        load_checkpoint(saved, tiny, "one-s1")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"config": {}}, "not an experiment configuration"),
        ({"config": "text"}, "not an experiment configuration"),
        ({"model": "huge"}, "no model 'huge'"),
        ({"model": 2}, "no model 2"),
        ({"code_version": 0}, "code version 0"),
    ],
)
def test_tampered_metadata_is_refused(
    tiny: ExperimentConfig, saved: Path, metadata: dict[str, Any], message: str
) -> None:
    rewrite(saved, metadata=metadata)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved, tiny, "two-s1")


def test_a_tampered_configuration_is_refused(tiny: ExperimentConfig, saved: Path) -> None:
    changed = replace(tiny, problem=replace(tiny.problem, condition_number=5.0))
    rewrite(saved, metadata={"config": changed.as_dict()})
    with pytest.raises(CheckpointError, match=r"config\.problem\.condition_number = 5\.0, expected 50\.0"):
        load_checkpoint(saved, tiny, "two-s1")


def test_safetensors_of_another_project_are_refused(tiny: ExperimentConfig, saved: Path) -> None:
    save_file(load_file(saved), saved)
    with pytest.raises(CheckpointError, match="'experiment'"):
        load_checkpoint(saved, tiny, "two-s1")


def test_saving_twice_gives_the_same_bytes(tiny: ExperimentConfig, saved: Path) -> None:
    before = saved.read_bytes()
    save_checkpoint(saved, new_model(tiny), tiny, "two-s1")
    assert saved.read_bytes() == before
