"""Intervals hold the truth 95 times in 100: the product's SQL on made-up experiments, a few hundred of each kind.

The recorded simulation, with all populations and sizes, is `benchmarks/interval_coverage.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import contrasts
from benchmarks.interval_coverage import DIFFERENCE_SIZES, MODELS, Product, read_settings, simulate, verdict
from benchmarks.item_numbers import item_numbers
from benchmarks.populations import DECOMPOSITIONS, N_OPTIONS, draw_counts, draw_items, improved, true_incoherence
from tests.dbt.conftest import Built, agree
from tests.oracles.answers import ItemAnswers
from tests.oracles.corrected import MIN_LEAD, MIN_LEAD_PER_SAMPLE, Unit, choice_unit, graded_unit


@pytest.fixture(scope="module")
def product(built: Built) -> Product:
    """The SQL that made the shared warehouse."""
    folder = built.layout.dbt_target / "compiled" / "incoherence" / "models" / "marts"
    return Product({model: (folder / f"{model}.sql").read_text() for model in MODELS}, read_settings())


@pytest.mark.parametrize(
    ("population", "n_items", "n_samples"),
    [("typical", 30, 5), ("hard", 50, 5), ("chance", 30, 5), ("heavy", 198, 10), ("contexts", 100, 20)],
)
def test_intervals_hold_the_truth(product: Product, population: str, n_items: int, n_samples: int) -> None:
    rows = simulate(product, population, n_items, n_samples, n_draws=400, seed=3)
    kinds = ["difference", "incoherence"] if (n_items, n_samples) in DIFFERENCE_SIZES else ["incoherence"]
    assert [(row["what"], row["decomposition"]) for row in rows] == sorted(
        (what, name) for what in kinds for name in DECOMPOSITIONS
    )
    for row in rows:
        assert verdict(row) in ("holds", "wide", "few"), row
        if population in ("typical", "hard") and row["what"] == "incoherence":
            assert row["n_shown"] >= 0.93 * row["n_draws"], row
    (of_kl,) = [row for row in rows if (row["what"], row["decomposition"]) == ("incoherence", "kl")]
    if population == "chance":
        assert of_kl["n_shown"] < 0.02 * of_kl["n_draws"] and of_kl["notes"]["near_ties"] > 0.98 * of_kl["n_draws"]


@pytest.mark.parametrize("effect", ["none", "a hint is believed"])
def test_contrasts_recover_a_planted_effect_and_find_none_where_there_is_none(product: Product, effect: str) -> None:
    n_draws = 400
    two_errors = 2 * (0.025 * 0.975 / n_draws) ** 0.5
    for row in contrasts.simulate(product, effect, "typical", 50, 5, n_draws, seed=5):
        assert row["n_shown"] == n_draws and row["n_held"] >= 0.93 * n_draws, row
        if effect == "none":
            assert max(row["n_below"], row["n_above"]) <= (0.025 + two_errors) * n_draws, row


@pytest.mark.parametrize(("population", "n_samples"), [("typical", 5), ("contexts", 20), ("contexts", 5)])
def test_the_simulated_items_agree_with_the_oracle(population: str, n_samples: int) -> None:
    rng = np.random.default_rng(4)
    items = draw_items(population, (2, 6), rng)
    counts = draw_counts(population, items, n_samples, rng)
    found = item_numbers(counts, items, MIN_LEAD, MIN_LEAD_PER_SAMPLE)
    for draw, item in np.ndindex(counts.shape[:2]):
        choices = np.repeat(np.indices(counts.shape[2:])[1].ravel(), counts[draw, item].ravel().astype(int))
        places = np.repeat(np.indices(counts.shape[2:])[0].ravel(), counts[draw, item].ravel().astype(int))
        contexts = [f"context {place}" for place in places]
        told = [{"context_id": context, "class_probs": None} for context in contexts]
        answers = ItemAnswers(0, np.eye(N_OPTIONS)[choices], [int(choice) for choice in choices], told, 0, 0, 0)
        expected = {name: choice_unit(answers, name) for name in ("brier", "kl")}
        expected["score"] = graded_unit((choices == 0).astype(float)[:, None], contexts)
        expected["coverage"] = graded_unit(items.passes[draw, item][choices], contexts)
        for name, unit in expected.items():
            _agree_on_item(found[name].__dict__, unit, (draw, item))


def _agree_on_item(numbers: dict[str, np.ndarray], unit: Unit, place: tuple[int, int]) -> None:  # type: ignore[type-arg]
    assert agree(numbers["error"][place], unit.error) and agree(numbers["variance_unbiased"][place], unit.variance)
    assert agree(numbers["error_share"][place], unit.share)
    assert unit.margin is None or agree(numbers["mode_margin"][place], unit.margin)
    assert unit.agreement is None or agree(numbers["excess_agreement"][place], unit.agreement)
    if unit.shifts:
        shifts = [unit.shifts[name] for name in sorted(unit.shifts)]
        np.testing.assert_allclose(numbers["error_shift"][place], [error for error, _ in shifts], atol=1e-9)
        np.testing.assert_allclose(numbers["variance_shift"][place], [variance for _, variance in shifts], atol=1e-9)


def test_truths_of_populations_in_closed_form() -> None:
    """Of answers at random, and of Dirichlet(1, 1, 1, 1): E Σ p² = 2/5, E p = 1/4, E p² = 1/10."""
    by_chance = true_incoherence("chance", n_items=10)
    assert by_chance["brier"] == pytest.approx((1 - 1 / 4) / (2 * 3 / 4))
    assert by_chance["score"] == pytest.approx(1 / 4)
    hard = true_incoherence("hard")
    assert hard["brier"] == pytest.approx((1 - 2 / 5) / (2 * 3 / 4), abs=1e-3)
    assert hard["score"] == pytest.approx((1 / 4 - 1 / 10) / (3 / 4), abs=1e-3)
    assert improved(np.full(4, 0.25), 0.2) == pytest.approx([0.4, 0.2, 0.2, 0.2])
