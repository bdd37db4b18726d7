"""The family: four sizes, trained alike on the same sequences, so that they differ in scale alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synthetic.checkpoint import CheckpointError, load_weights, read_experiment, save_weights
from synthetic.config import ModelSize, TrainingConfig
from synthetic.reasoner.data import Recipe
from synthetic.reasoner.task import WORDS

# torch takes seconds to import, so only the functions that touch weights do.

FORMAT = 1
"""Raise it when old weights would mean something else: another vocabulary, prompt layout or network."""

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"
"""Where the shipped checkpoints are."""

SIZES = (
    ModelSize("reasoner-xs", n_layers=2, width=32, n_heads=2, learning_rate=4e-3),
    ModelSize("reasoner-s", n_layers=2, width=48, n_heads=2, learning_rate=4e-3),
    ModelSize("reasoner-m", n_layers=3, width=96, n_heads=3, learning_rate=2e-3),
    ModelSize("reasoner-l", n_layers=4, width=144, n_heads=4, learning_rate=1.5e-3),
)
"""From smallest to largest: deeper and wider."""


@dataclass(frozen=True)
class ReasonerTraining(TrainingConfig):
    """How every size is trained.

    Attributes:
        seed: of initial weights and data.
    """

    seed: int


TRAINING = ReasonerTraining(
    batch_size=16,
    n_steps=3_200,
    warmup_steps=100,
    final_learning_rate_fraction=0.05,
    beta2=0.98,
    weight_decay=0.01,
    gradient_clip=1.0,
    loss_on="sequence",
    log_every=25,
    validate_every=400,
    n_validation_pairs=256,
    seed=0,
)

RECIPE = Recipe()


def size_named(name: str) -> ModelSize:
    """The size of that name.

    Raises:
        CheckpointError: if there is none.
    """
    for size in SIZES:
        if size.name == name:
            return size
    raise CheckpointError(f"model: there is no {name!r}; use one of {', '.join(size.name for size in SIZES)}")


def save_model(folder: Path, model: Any, training: ReasonerTraining, recipe: Recipe) -> Path:
    """Write a model's checkpoint, with everything that decided its weights; return its path."""
    path = folder / f"{model.size.name}.safetensors"
    description = {"size": asdict(model.size), "training": asdict(training), "recipe": asdict(recipe)}
    save_weights(path, model, {"format": FORMAT, "words": list(WORDS), **description})
    return path


def load_model(folder: Path, name: str) -> Any:
    """The model of that name from a folder of checkpoints.

    Raises:
        CheckpointError: if there is no such size or file, or if the file holds something else.
    """
    from synthetic.reasoner.network import new_model

    size = size_named(name)
    path = folder / f"{name}.safetensors"
    experiment = read_experiment(path)
    for field, expected in (("format", FORMAT), ("words", list(WORDS)), ("size", asdict(size))):
        if experiment.get(field) != expected:
            raise CheckpointError(
                f"{path}: {field} is {experiment.get(field)!r}, expected {expected!r}; "
                "run python -m synthetic.reasoner.train"
            )
    model = new_model(size)
    load_weights(path, model)
    return model.eval()
