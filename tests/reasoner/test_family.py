"""The shipped checkpoints: what the family is for has to hold for them."""

import csv
from itertools import pairwise

import pytest

from synthetic.checkpoint import read_experiment
from synthetic.reasoner import task
from synthetic.reasoner.evaluate import Evaluation, evaluate
from synthetic.reasoner.family import CHECKPOINTS, RECIPE, SIZES, TRAINING
from synthetic.reasoner.generate import LocalReasoner

N_ITEMS, N_EPOCHS = 96, 6
NAMES = [size.name for size in SIZES]


@pytest.fixture(scope="module")
def seen() -> dict[str, Evaluation]:
    """Every size on the same items, by name, with the least budget; 576 samples each."""
    return {name: evaluate(LocalReasoner.load(name), "low", N_ITEMS, N_EPOCHS, seed=3) for name in NAMES}


def test_every_larger_model_is_better(seen: dict[str, Evaluation]):
    accuracies = [seen[name].accuracy() for name in NAMES]
    assert all(larger > smaller for smaller, larger in pairwise(accuracies)), accuracies
    assert accuracies[-1] - accuracies[0] > 0.2


def test_harder_items_are_harder_for_every_size(seen: dict[str, Evaluation]):
    for name in NAMES:
        easy, hard = (sum(map(seen[name].accuracy, lengths)) / len(lengths) for lengths in ((1, 2, 3), (6, 7, 8)))
        assert easy - hard > 0.05, name
        assert hard < 0.9, name


def test_the_largest_model_hardly_fails_easy_items(seen: dict[str, Evaluation]):
    assert seen[NAMES[-1]].accuracy(1) > 0.9


def test_every_size_has_both_bias_and_variance(seen: dict[str, Evaluation]):
    for name in NAMES:
        assert 0.2 < seen[name].incoherence("brier") < 0.95, name


def test_a_larger_budget_buys_longer_reasoning(seen: dict[str, Evaluation]):
    medium = evaluate(LocalReasoner.load(NAMES[1]), "medium", 32, N_EPOCHS, seed=3)
    low = seen[NAMES[1]]
    assert medium.n_reasoning_tokens.mean() > 2 * low.n_reasoning_tokens[:32].mean()
    assert medium.n_waits.mean() > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_says_how_it_was_made_and_its_loss_curve_is_beside_it(name: str):
    experiment = read_experiment(CHECKPOINTS / f"{name}.safetensors")
    assert experiment["training"]["n_steps"] == TRAINING.n_steps
    assert experiment["training"]["seed"] == TRAINING.seed
    assert experiment["recipe"]["slip_rate"] == RECIPE.slip_rate
    with (CHECKPOINTS / f"{name}.loss.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == "validation"]
    assert int(rows[-1]["step"]) == TRAINING.n_steps
    assert float(rows[-1]["loss"]) < 0.1 * float(rows[0]["loss"])


def test_the_checkpoints_stay_small():
    assert sum(path.stat().st_size for path in CHECKPOINTS.iterdir()) < 10_000_000


def test_the_models_were_asked_what_they_were_never_taught(seen: dict[str, Evaluation]):
    """Where an item needs a withheld fact, even the largest model is often wrong."""
    needs_withheld = [not task.is_teachable(item.start, item.operations) for item in task.items(N_ITEMS, 3)]
    assert 4 <= sum(needs_withheld) <= N_ITEMS / 3
    evaluation = seen[NAMES[-1]]
    is_right = evaluation.chosen == evaluation.target[:, None]
    assert is_right[needs_withheld].mean() < 0.9 * evaluation.accuracy()
