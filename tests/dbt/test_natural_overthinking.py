"""Samples split at their item's own median length, against the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pytest
from scipy import stats

from benchmarks.dice import ALPHA, draw_choices, write_choices
from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.dbt.test_item_decomposition import split
from tests.dbt.test_outcomes import key_of
from tests.dbt.test_reasoning_length import AXES
from tests.dbt.test_slope_coverage import compositions
from tests.oracles.answers import ItemAnswers, ItemKey, Row, latest
from tests.oracles.corrected import Unit, contrast, estimate
from tests.oracles.decompositions import (
    Array,
    Split,
    brier,
    brier_unbiased,
    coverage,
    coverage_unbiased,
    kl,
    kl_unbiased,
)
from tests.oracles.outcomes import LEFT_OUT, scores_by_sample, unit_tests_by_sample
from tests.oracles.pooling import halves, incoherence
from warehouse.connect import connect_build
from warehouse.layout import Layout
from warehouse.transform import prepare, run_dbt

SIDES = ("shorter", "longer")
DECOMPOSITIONS = ("kl", "brier", "coverage", "score")


@dataclass(frozen=True)
class Half:
    """What is expected of one half of an item's samples; `variance_unbiased` is None with one sample."""

    split: Split
    variance_unbiased: float | None
    share: float
    n_samples: int
    mean_length: float
    accuracy: float | None


Pools = dict[tuple[str, ...], list[dict[str, Half]]]


def expected_halves(built: Built, decomposition: str, axis: str) -> tuple[Pools, dict[tuple[str, ...], int]]:
    """Per task, model, condition: the halves of every item with two samples in both, and how many items have not."""
    split_items = choice_halves if decomposition in ("kl", "brier") else graded_halves
    pools: Pools = defaultdict(list)
    left_out: dict[tuple[str, ...], int] = defaultdict(int)
    for key, sides in split_items(built, decomposition, axis):
        if len(sides) == 2 and all(half.n_samples > 1 for half in sides.values()):
            pools[key[:3]].append(sides)
        else:
            left_out[key[:3]] += 1
    return pools, left_out


def choice_halves(built: Built, decomposition: str, axis: str) -> Iterator[tuple[ItemKey, dict[str, Half]]]:
    column = AXES[axis]
    for key, answers in built.answers.items():
        reported = answers.part([sample[column] is not None for sample in answers.samples])
        if not len(reported.probs):
            continue
        sides = halves([sample[column] for sample in reported.samples])
        parts = {half: reported.part([side == half for side in sides]) for half in SIDES if half in sides}
        n_matched = min(len(part.probs) for part in parts.values()) if len(parts) == 2 else None
        yield key, {half: choice_half(part, decomposition, column, n_matched) for half, part in parts.items()}


def choice_half(part: ItemAnswers, decomposition: str, column: str, n_matched: int | None) -> Half:
    """KL is corrected from as many samples as the smaller half has: the first by id."""
    if decomposition == "kl":
        first = sorted(sample["sample_id"] for sample in part.samples)[:n_matched]
        matched = part.part([sample["sample_id"] in first for sample in part.samples])
        unbiased = kl_unbiased(matched.probs, part.target)[1]
    else:
        unbiased = brier_unbiased(part.probs, part.target)[1]
    length = part.mean_length(column)
    assert length is not None
    error = split(part, decomposition).error
    share = 1 - part.accuracy if decomposition == "kl" else error / 2
    return Half(split(part, decomposition), unbiased, share, len(part.probs), length, part.accuracy)


def graded_halves(built: Built, decomposition: str, axis: str) -> Iterator[tuple[ItemKey, dict[str, Half]]]:
    raw, column = built.evals, AXES[axis]
    scores = scores_by_sample(raw.items, raw.samples, raw.test_outcomes)
    outcomes = scores if decomposition == "score" else unit_tests_by_sample(raw.samples, raw.test_outcomes)
    by_item: dict[ItemKey, list[Row]] = defaultdict(list)
    # Where grades lie between right and wrong, nothing is right or wrong.
    graded = {
        key_of(sample)[:3]
        for sample in raw.samples
        if sample["sample_id"] in scores and scores[sample["sample_id"]][0] not in (0, 1)
    }
    for sample in latest(raw.samples, ("sample_id",)):
        if sample["status"] not in LEFT_OUT and sample[column] is not None:
            by_item[key_of(sample)].append(sample)
    for key, samples in by_item.items():
        sides = halves([sample[column] for sample in samples])
        found = {}
        for half in SIDES:
            here = [sample for sample, side in zip(samples, sides, strict=True) if side == half]
            judged = [scores[s["sample_id"]][0] >= 1 for s in here if s["sample_id"] in scores]
            table = np.array([outcomes[s["sample_id"]] for s in here if s["sample_id"] in outcomes])
            if len(table):
                length = float(np.mean([sample[column] for sample in here]))
                accuracy = None if key[:3] in graded else float(np.mean(judged))
                found[half] = Half(
                    coverage(table),
                    coverage_unbiased(table)[1],
                    coverage(table).error,
                    len(table),
                    length,
                    accuracy,
                )
        if found:
            yield key, found


def moments(items: list[dict[str, Half]], half: str, *, corrected: bool) -> tuple[Array, Array]:
    """Variances and errors of one half over items."""
    errors = np.array([item[half].split.error for item in items])
    if corrected:
        return np.array([item[half].variance_unbiased for item in items], dtype=float), errors
    return np.array([item[half].split.variance for item in items]), errors


def units(items: list[dict[str, Half]], half: str) -> list[Unit]:
    """One half over items, corrected."""
    return [Unit(item[half].split.error, item[half].variance_unbiased, item[half].share) for item in items]


@pytest.mark.parametrize("decomposition", DECOMPOSITIONS)
@pytest.mark.parametrize("axis", AXES)
def test_halves_agree_with_the_oracle(built: Built, decomposition: str, axis: str) -> None:
    where = f"decomposition = '{decomposition}' and length_axis = '{axis}'"
    pools, left_out = expected_halves(built, decomposition, axis)
    rows = built.rows("figures.fig_natural_overthinking", where)
    assert len(rows) == 2 * len(pools)
    if decomposition in ("kl", "brier") or axis == "actions":
        assert rows and sum(left_out.values()) > 0
    for row in rows:
        items = pools[row["task"], row["model_id"], row["condition_id"]]
        parts = [item[row["half"]] for item in items]
        assert row["n_items"] == len(parts)
        assert row["n_items_left_out"] == left_out[row["task"], row["model_id"], row["condition_id"]]
        assert row["n_samples"] == sum(part.n_samples for part in parts)
        assert agree(row["mean_length"], float(np.mean([part.mean_length for part in parts])))
        accuracies = [part.accuracy for part in parts if part.accuracy is not None]
        assert agree(row["accuracy"], float(np.mean(accuracies)) if accuracies else None)
        for column in ("error", "bias_sq", "variance"):
            assert agree(row[column], float(np.mean([getattr(part.split, column) for part in parts])))
        assert agree(row["incoherence"], incoherence(*moments(items, row["half"], corrected=False))), row
        agree_on_incoherence(row, estimate(units(items, row["half"])))


def test_halves_differ_in_size_and_some_items_have_one_sample_in_one(built: Built) -> None:
    rows = built.rows(
        "(select task, model_id, condition_id, item_id, min(n_samples) as fewest, max(n_samples) as most, "
        "count(*) as n_halves, bool_or(has_both_halves) as kept from intermediate.int_overthinking_items "
        "where decomposition = 'kl' group by all)"
    )
    assert any(row["kept"] and row["fewest"] < row["most"] for row in rows)
    assert any(row["n_halves"] == 2 and row["fewest"] == 1 for row in rows)
    assert not any(row["kept"] and row["fewest"] == 1 for row in rows if row["n_halves"] == 2)


def test_the_paired_difference_agrees_with_the_oracle(built: Built) -> None:
    rows = built.rows("figures.fig_natural_overthinking_difference")
    assert {row["decomposition"] for row in rows} == set(DECOMPOSITIONS)
    for decomposition in DECOMPOSITIONS:
        for axis in AXES:
            pools = expected_halves(built, decomposition, axis)[0]
            here = [r for r in rows if (r["decomposition"], r["length_axis"]) == (decomposition, axis)]
            assert {(row["task"], row["model_id"], row["condition_id"]) for row in here} == set(pools)
            for row in here:
                items = pools[row["task"], row["model_id"], row["condition_id"]]
                below, above = (units(items, half) for half in SIDES)
                sides = [(-1.0, below), (1.0, above)]
                difference, low, high = contrast(sides)
                assert agree(row["difference"], difference), row
                assert agree(row["difference_ci_low"], low) and agree(row["difference_ci_high"], high), row
                assert row["n_items"] == len(items)
                notes = {estimate(side).note for _, side in sides}
                assert row["interval_note"] in notes and (row["interval_note"] is None) == (low is not None), row
                for column, (_, side) in zip(("incoherence_shorter", "incoherence_longer"), sides, strict=True):
                    assert agree(row[column], estimate(side).ratio), row


N_POOLS, N_ITEMS, N_SAMPLES = 200, 50, (5, 10)
LEVELS = 6
"""Different values of the lengths with ties."""

OF_BOTH = "max({0}) filter (where half = 'shorter'), max({0}) filter (where half = 'longer')"


@pytest.fixture(scope="module")
def null(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Pools whose answers have nothing to do with length: reasoning tokens with many ties, output tokens with none."""
    rng = np.random.default_rng(3)
    layout = Layout(tmp_path_factory.mktemp("null"))
    for n_samples in N_SAMPLES:
        choices = draw_choices(rng, (N_POOLS, N_ITEMS, n_samples))
        write_choices(
            layout,
            choices,
            f"S{n_samples}",
            reasoning_tokens=rng.integers(1, LEVELS + 1, size=choices.size),
            output_tokens=rng.permutation(choices.size),
        )
    prepare(layout)
    run_dbt(
        layout,
        [
            "build",
            "--select",
            "+int_overthinking +int_overthinking_difference",
            "--exclude-resource-type",
            "test",
            "unit_test",
        ],
    )
    with connect_build(layout) as database:
        yield database


@pytest.mark.parametrize("n_samples", N_SAMPLES)
@pytest.mark.parametrize("axis", ["reasoning_tokens", "output_tokens"])
@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_length_that_says_nothing_is_seldom_found_to(
    null: duckdb.DuckDBPyConnection, decomposition: str, axis: str, n_samples: int
) -> None:
    """Each end of a 95 % interval is on the wrong side of 0 in 2.5 % of the pools."""
    where = f"decomposition = '{decomposition}' and length_axis = '{axis}' and condition_id like 'S{n_samples} %'"
    found = null.execute(
        "select count(*), avg(cast(difference_ci_low > 0 as integer)), avg(cast(difference_ci_high < 0 as integer)), "
        f"avg(difference) from intermediate.int_overthinking_difference where {where}"
    ).fetchone()
    assert found is not None
    n_pools, above, below, difference = found
    assert n_pools == N_POOLS
    assert above <= 0.07 and below <= 0.07, (above, below)
    assert abs(difference) < 0.02


@pytest.mark.parametrize("n_samples", N_SAMPLES)
@pytest.mark.parametrize("axis", ["reasoning_tokens", "output_tokens"])
@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_uncorrected_the_smaller_half_looks_the_more_coherent(
    null: duckdb.DuckDBPyConnection, decomposition: str, axis: str, n_samples: int
) -> None:
    """By as much as the sizes of the halves say; where all are equal, by nothing."""
    where = f"decomposition = '{decomposition}' and length_axis = '{axis}' and condition_id like 'S{n_samples} %'"
    pools = null.execute(
        f"select {OF_BOTH.format('incoherence')} from intermediate.int_overthinking where {where} group by condition_id"
    ).fetchall()
    plug_in = np.diff(np.array(pools))
    sizes = null.execute(
        f"select {OF_BOTH.format('n_samples')} from intermediate.int_overthinking_items "
        f"where {where} and has_both_halves group by condition_id, item_id"
    ).fetchall()
    of_size = {n: plug_in_incoherence(decomposition, n) for n in set(np.array(sizes).ravel().tolist())}
    expected = float(np.mean([of_size[longer] - of_size[shorter] for shorter, longer in sizes]))
    assert abs(plug_in.mean() - expected) < 4 * plug_in.std(ddof=1) / np.sqrt(N_POOLS)
    assert (expected == 0) == ((n_samples, axis) == (10, "output_tokens"))


def plug_in_incoherence(decomposition: str, n_samples: int) -> float:
    """E variance / E error of the dice by the plug-in from so many samples, over all counts that there may be."""
    variance = error = 0.0
    for counts in compositions(n_samples, len(ALPHA)):
        chance = float(stats.dirichlet_multinomial.pmf(counts, ALPHA, n_samples))
        found = {"kl": kl, "brier": brier}[decomposition](np.repeat(np.eye(len(ALPHA)), counts, axis=0), 0)
        variance, error = variance + chance * found.variance, error + chance * found.error
    return variance / error
