"""Samples split at their item's own median length, against the definitions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.dbt.conftest import Built, agree
from tests.dbt.test_item_decomposition import split
from tests.dbt.test_reasoning_length import AXES
from tests.oracles.answers import ItemAnswers
from tests.oracles.pooling import halves, incoherence, paired_difference_interval, ratio_interval

Halves = dict[str, ItemAnswers]


def expected_halves(built: Built, axis: str) -> tuple[dict[tuple[str, ...], list[Halves]], dict[tuple[str, ...], int]]:
    """Per task, model, condition: the halves of every item that has both, and how many items do not."""
    column = AXES[axis]
    pools: dict[tuple[str, ...], list[Halves]] = defaultdict(list)
    left_out: dict[tuple[str, ...], int] = defaultdict(int)
    for key, answers in built.answers.items():
        reported = answers.part([sample[column] is not None for sample in answers.samples])
        if not len(reported.probs):
            continue
        sides = halves([sample[column] for sample in reported.samples])
        if "below" not in sides:
            left_out[key[:3]] += 1
            continue
        pools[key[:3]].append(
            {half: reported.part([side == half for side in sides]) for half in ("below", "at_or_above")}
        )
    return pools, left_out


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
@pytest.mark.parametrize("axis", AXES)
def test_halves_agree_with_the_oracle(built: Built, decomposition: str, axis: str) -> None:
    where = f"decomposition = '{decomposition}' and length_axis = '{axis}'"
    pools, left_out = expected_halves(built, axis)
    rows = built.rows("figures.fig_natural_overthinking", where)
    assert len(rows) == 2 * len(pools) > 0
    assert sum(left_out.values()) > 0
    for row in rows:
        pool = (row["task"], row["model_id"], row["condition_id"])
        parts = [item[row["half"]] for item in pools[pool]]
        splits = [split(part, decomposition) for part in parts]
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        interval = ratio_interval(variances, errors)
        assert (row["n_items"], row["n_items_left_out"]) == (len(parts), left_out[pool])
        assert row["n_samples"] == sum(len(part.probs) for part in parts)
        assert agree(row["mean_length"], float(np.mean([part.mean_length(AXES[axis]) for part in parts])))
        assert agree(row["accuracy"], float(np.mean([part.accuracy for part in parts])))
        assert agree(row["error"], float(errors.mean()))
        assert agree(row["bias_sq"], float(np.mean([s.bias_sq for s in splits])))
        assert agree(row["variance"], float(variances.mean()))
        assert agree(row["incoherence"], incoherence(variances, errors))
        assert agree(row["incoherence_ci_low"], interval[0])
        assert agree(row["incoherence_ci_high"], interval[1])


def test_the_paired_difference_agrees_with_the_oracle(built: Built) -> None:
    rows = built.rows("intermediate.int_overthinking_difference")
    assert rows
    for row in rows:
        items = expected_halves(built, row["length_axis"])[0][row["task"], row["model_id"], row["condition_id"]]
        sides = []
        for half in ("below", "at_or_above"):
            splits = [split(item[half], row["decomposition"]) for item in items]
            sides.append((np.array([s.variance for s in splits]), np.array([s.error for s in splits])))
        difference, low, high = paired_difference_interval(*sides)
        assert agree(row["difference"], difference), row
        assert agree(row["difference_ci_low"], low) and agree(row["difference_ci_high"], high), row
        assert row["n_items"] == len(items)
