"""The planner: its numbers against the definitions, and its forecast against experiments that really are larger."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from dagster_project.cli import app
from tests.dbt.conftest import Built, agree
from tests.dbt.test_ensembling import ORACLES, in_order
from tests.dbt.test_few_samples import pool_of
from tests.oracles.decompositions import Array, Split
from warehouse.layout import Layout


def influences(splits: list[Split], ratio: float, mean_error: float) -> Array:
    return np.array([(split.variance - ratio * split.error) / mean_error for split in splits])


def spreads(items: list[Array], targets: list[int], decomposition: str, size: int) -> tuple[float, float, float]:
    """Spread over items in all, of items and of one sample; blocks of `size` samples tell them apart."""
    oracle = ORACLES[decomposition][0]
    splits = [oracle(probs, target) for probs, target in zip(items, targets, strict=True)]
    errors, variances = (np.array([getattr(s, part) for s in splits]) for part in ("error", "variance"))
    ratio, mean_error = float(variances.sum() / errors.sum()), float(errors.mean())
    noises = []
    for probs, target in zip(items, targets, strict=True):
        blocks = [probs[start : start + size] for start in range(0, len(probs) - size + 1, size)]
        if len(blocks) > 1:
            noises.append(np.var(influences([oracle(b, target) for b in blocks], ratio, mean_error), ddof=1))
    sample_spread = size * float(np.mean(noises))
    total = float(np.var(influences(splits, ratio, mean_error), ddof=1))
    inverse = float(np.mean([1 / len(probs) for probs in items]))
    return total, max(total - sample_spread * inverse, 0.0), sample_spread


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_plans_agree_with_the_definitions(built: Built, decomposition: str) -> None:
    rows = built.rows("figures.fig_planner", f"task = 'independent' and decomposition = '{decomposition}'")
    t_975 = stats.t.ppf(0.975, np.arange(10_000) - 1)
    assert {row["wanted_width"] for row in rows} == {0.2, 0.1, 0.05, 0.02, 0.01}
    for row in rows:
        pool = list(pool_of(built, row).values())
        items, n = [in_order(answers) for answers in pool], len(pool)
        total, of_items, of_samples = spreads(items, [a.target for a in pool], decomposition, 20)
        assert agree(row["item_spread"], of_items) and agree(row["sample_spread"], of_samples)
        t_now = stats.t.ppf(0.975, n - 1)
        assert agree(row["width"], 2 * t_now * np.sqrt(total / n))
        if row["width"] <= row["wanted_width"]:
            assert row["n_more_items"] == row["n_more_samples_per_item"] == row["n_calls_more_samples"] == 0
            continue
        needed = next(
            more for more in range(n, len(t_975)) if 2 * t_975[more] * np.sqrt(total / more) <= row["wanted_width"]
        )
        assert row["n_more_items"] == needed - n and row["n_calls_more_items"] == 320 * row["n_more_items"]
        # With so many items, widths after which samples would have to be endless.
        assert row["n_more_samples_per_item"] is None and row["cost_usd_more_samples"] is None


def test_more_samples_where_they_are_enough(built: Built) -> None:
    rows = built.rows("figures.fig_planner", "task = 'study' and n_more_samples_per_item > 0")
    assert rows
    for row in rows:
        t_now = stats.t.ppf(0.975, row["n_items"] - 1)
        samples = row["mean_samples_per_item"] + row["n_more_samples_per_item"]
        widths = [
            2 * t_now * np.sqrt((row["item_spread"] + row["sample_spread"] / n_samples) / row["n_items"])
            for n_samples in (samples, samples - 2)
        ]
        assert widths[0] <= row["wanted_width"] < widths[1]
        assert row["output_tokens_more_samples"] >= 40 * row["n_calls_more_samples"]


def test_the_forecast_comes_true() -> None:
    """From 60 items of 20 samples: how far estimates from twice the items, or twice the samples, really scatter."""
    rng = np.random.default_rng(5)
    alpha = [1.2, 0.8, 0.5, 0.5]
    seen = []
    for _ in range(20):
        items = [np.eye(4)[rng.choice(4, size=20, p=p)] for p in rng.dirichlet(alpha, size=60)]
        seen.append(spreads(items, [0] * 60, "brier", 10))
    total, of_items, of_samples = np.mean(seen, axis=0)
    assert of_samples / 20 < of_items < total
    for n_items, n_samples in ((120, 20), (60, 40)):
        shares = rng.multinomial(n_samples, rng.dirichlet(alpha, size=(1000, n_items))) / n_samples
        variances, errors = 1 - np.sum(shares**2, axis=-1), 2 * (1 - shares[..., 0])
        scatter = np.std(variances.sum(axis=1) / errors.sum(axis=1), ddof=1)
        forecast = np.sqrt((of_items + of_samples / n_samples) / n_items)
        assert abs(forecast / scatter - 1) < 0.1


def test_the_command_prints_a_plan(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    layout.published_database.parent.mkdir(parents=True)
    plans = built.database.sql("from figures.fig_planner").to_arrow_table()
    with duckdb.connect(str(layout.published_database)) as published:
        published.register("plans", plans)
        published.execute("create schema figures; create table figures.fig_planner as from plans")
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path))
    printed = CliRunner().invoke(app, ["plan", "--width", "0.05", "--task", "independent"])
    assert printed.exit_code == 0, printed.output
    (row,) = built.rows("figures.fig_planner", "task = 'independent' and decomposition = 'kl' and wanted_width = 0.05")
    # As a grid or as a block per row: that depends on the terminal.
    assert {str(row["n_more_items"]), str(row["n_calls_more_items"])} <= set(printed.stdout.split())
    refused = CliRunner().invoke(app, ["plan", "--width", "0.07"])
    assert refused.exit_code == 2 and "planner_widths" in refused.stderr
    assert CliRunner().invoke(app, ["plan", "--task", "nothing"]).exit_code == 2
