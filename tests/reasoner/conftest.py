from pathlib import Path

import pytest

from synthetic.reasoner.family import RECIPE, SIZES, TRAINING, save_model
from synthetic.reasoner.train import initial_model


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of the smallest size, its weights as they are before training."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_model(folder, initial_model(SIZES[0], seed=5), TRAINING, RECIPE)
    return folder
