import csv
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from synthetic.checkpoint import CheckpointError, read_experiment
from synthetic.config import ModelSize
from synthetic.reasoner import family, train
from synthetic.reasoner.data import Recipe
from synthetic.reasoner.generate import LocalReasoner
from synthetic.training import TrainingDivergedError

TINY = ModelSize("tiny", n_layers=1, width=16, n_heads=2, learning_rate=5e-3)
SHORT = replace(family.TRAINING, n_steps=60, batch_size=4, warmup_steps=5, validate_every=30, n_validation_pairs=64)


def test_training_lowers_the_loss_and_is_reproducible():
    lines: list[str] = []
    model, rows = train.train_reasoner(TINY, SHORT, Recipe(), lines.append)
    validation = [row.loss for row in rows if row.split == "validation"]
    assert [row.step for row in rows if row.split == "validation"] == [0, 30, 60]
    assert validation[-1] < 0.8 * validation[0]
    assert len(lines) == 3
    again, rows_again = train.train_reasoner(TINY, SHORT, Recipe())
    assert rows == rows_again
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_learning_rate_that_explodes_is_reported_by_size():
    with pytest.raises(TrainingDivergedError, match="tiny"):
        train.train_reasoner(replace(TINY, learning_rate=1e38), replace(SHORT, n_steps=8, log_every=1), Recipe())


def test_the_recipe_takes_the_shipped_models_first_steps(monkeypatch: pytest.MonkeyPatch):
    """A whole training is too long for a test; what changes its arithmetic shows in the first steps."""
    batches = train.training_batches
    monkeypatch.setattr(train, "training_batches", lambda settings, recipe: islice(batches(settings, recipe), 51))
    _, rows = train.train_reasoner(family.size_named("reasoner-xs"), family.TRAINING, family.RECIPE)
    with (family.CHECKPOINTS / "reasoner-xs.loss.csv").open(newline="") as handle:
        shipped = list(csv.DictReader(handle))[:4]
    assert [(row.split, row.step) for row in rows[:4]] == [(row["split"], int(row["step"])) for row in shipped]
    assert [row.loss for row in rows[:4]] == pytest.approx([float(row["loss"]) for row in shipped], abs=3e-4)


def test_every_size_sees_the_same_batches_drill_first():
    settings, recipe = replace(SHORT, n_steps=20), Recipe(drill_fraction=0.4, drill_every=4)
    first, again = (list(train.training_batches(settings, recipe)) for _ in range(2))
    assert len(first) == 20
    assert all((a.tokens == b.tokens).all() for a, b in zip(first, again, strict=True))
    is_drill = [len(batch.tokens) == settings.batch_size // 2 for batch in first]
    assert is_drill == [step < 8 or step % 4 == 0 for step in range(20)]


def test_losses_are_written_as_a_table(tmp_path: Path):
    _, rows = train.train_reasoner(TINY, replace(SHORT, n_steps=4), Recipe())
    train.write_losses(tmp_path / "x.csv", rows)
    with (tmp_path / "x.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [(row["split"], int(row["step"])) for row in table] == [(row.split, row.step) for row in rows]
    assert [float(row["loss"]) for row in table] == pytest.approx([row.loss for row in rows], abs=1e-4)


def test_a_checkpoint_gives_back_the_model_and_says_how_it_was_made(untrained: Path):
    size = family.SIZES[0]
    loaded = family.load_model(untrained, size.name)
    for name, value in train.initial_model(size, seed=5).state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    experiment = read_experiment(untrained / f"{size.name}.safetensors")
    assert experiment["training"]["seed"] == family.TRAINING.seed
    assert experiment["recipe"]["slip_rate"] == family.RECIPE.slip_rate


def test_unknown_models_are_refused_with_the_known_ones():
    with pytest.raises(CheckpointError, match=r"'gpt'.*reasoner-xs"):
        LocalReasoner.load("gpt")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "reasoner-xs.safetensors"])
def test_a_name_is_never_a_path(name: str, untrained: Path):
    with pytest.raises(CheckpointError, match="there is no"):
        LocalReasoner.load(name, untrained)


def test_a_missing_checkpoint_says_so(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        LocalReasoner.load("reasoner-xs", tmp_path)


def test_weights_of_another_size_are_refused(untrained: Path, tmp_path: Path):
    (tmp_path / "reasoner-s.safetensors").write_bytes((untrained / "reasoner-xs.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match=r"reasoner-s\.safetensors: size is"):
        LocalReasoner.load("reasoner-s", tmp_path)


def test_a_checkpoint_of_another_vocabulary_is_refused(untrained: Path, tmp_path: Path):
    path = tmp_path / "reasoner-xs.safetensors"
    weights = load_file(untrained / path.name)
    save_file(weights, path, {"experiment": '{"format": 1, "words": ["a"]}'})
    with pytest.raises(CheckpointError, match="words is"):
        LocalReasoner.load("reasoner-xs", tmp_path)


def test_a_file_whose_length_looks_like_a_pickle_is_no_pickle(tmp_path: Path):
    """Safetensors files begin with the length of their header, and one in 32 of those begins with a pickle's 0x80."""
    path = tmp_path / "x.safetensors"
    first_bytes = set()
    for n in range(0, 256, 8):
        save_file({"weight": torch.zeros(2)}, path, {"experiment": json.dumps({"note": "x" * n})})
        first_bytes.add(path.read_bytes()[0])
        assert read_experiment(path) == {"note": "x" * n}
    assert 0x80 in first_bytes
