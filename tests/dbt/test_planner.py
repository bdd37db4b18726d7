"""The planner: its numbers against the definitions, and its forecast against experiments that really are larger."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import special, stats
from typer.testing import CliRunner

from dagster_project.cli import app
from tests.dbt.conftest import Built, agree
from tests.dbt.test_few_samples import CORRECTED, SIZES, SPLITS, n_blocks_of, samples_of, units_of
from tests.oracles.corrected import Inside, Unit, estimate
from tests.oracles.decompositions import Array
from warehouse.layout import Layout

Items = list[tuple[Array, int]]


@dataclass(frozen=True)
class Plan:
    """What a plan is made of; `inside` is None for embeddings, whose mean variance is planned relative to itself."""

    ratio: float
    scale: float
    total: float
    inside: Inside | None


def plan_of(items: Items, decomposition: str, units: list[Unit]) -> Plan:
    variances = np.array([unit.variance for unit in units], dtype=float)
    if decomposition == "embedding":
        return Plan(0.0, float(variances.mean()), float(np.var(variances, ddof=1) / variances.mean() ** 2), None)
    estimated = estimate(units)
    assert estimated.inside is not None and estimated.ratio is not None
    n_units = len(units)
    total = (n_units - 1) * float(np.sum(estimated.inside.jackknife**2))
    return Plan(estimated.ratio, float(np.mean([unit.error for unit in units])), total, estimated.inside)


def contributions(items: Items, decomposition: str, ratio: float, scale: float) -> Array:
    split, corrected = SPLITS[decomposition], CORRECTED[decomposition]
    parts = [(corrected(*item)[1], split(*item).error) for item in items]
    return np.array([(variance - ratio * error) / scale for variance, error in parts if variance is not None])


def plain_units(items: Items, decomposition: str) -> list[Unit]:
    """Items whose samples share no contexts."""
    split, corrected = SPLITS[decomposition], CORRECTED[decomposition]
    return [Unit(split(*item).error, corrected(*item)[1]) for item in items]


def by_pool(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The plans of a pool, one per width that is wanted."""
    pools: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        pools[row["task"], row["model_id"], row["condition_id"]].append(row)
    return pools


def spreads(
    items: Items, decomposition: str, units: list[Unit] | None = None
) -> tuple[float, float | None, float | None]:
    """Spread over items in all, of items and of one sample; the largest blocks that come in pairs tell them apart."""
    plan = plan_of(items, decomposition, units or plain_units(items, decomposition))
    total, scale = plan.total, (plan.ratio, plan.scale)
    sizes = [size for size in SIZES if n_blocks_of(items, size) > 1]
    if not sizes:
        return total, None, None
    size, n_blocks = max(sizes), n_blocks_of(items, max(sizes))
    noises = []
    for values, target in items:
        if len(values) >= n_blocks * size:
            blocks = [(values[block * size : (block + 1) * size], target) for block in range(n_blocks)]
            noises.append(np.var(contributions(blocks, decomposition, *scale), ddof=1))
    sample_spread = size * float(np.mean(noises))
    inverse = float(np.mean([1 / len(values) for values, _ in items]))
    return total, max(total - sample_spread * inverse, 0.0), sample_spread


@pytest.mark.parametrize("decomposition", list(SPLITS))
def test_the_parts_of_the_width_agree_with_the_definitions(built: Built, decomposition: str) -> None:
    rows = built.rows("figures.fig_planner", f"decomposition = '{decomposition}' and task not in ('four', 'many')")
    for pool, planned in by_pool(rows).items():
        items, units = samples_of(built, planned[0]), units_of(built, planned[0])
        items = [item for item, unit in zip(items, units, strict=True) if unit.variance is not None]
        units = [unit for unit in units if unit.variance is not None]
        total, of_items, of_samples = spreads(items, decomposition, units)
        plan = plan_of(items, decomposition, units)
        assert len(planned) == 5, pool
        for row in planned:
            assert row["planned"] == ("variance" if decomposition == "embedding" else "incoherence")
            assert agree(row["variance_unbiased"], float(np.mean([unit.variance for unit in units])))  # type: ignore[arg-type]
            assert agree(row["item_spread"], of_items) and agree(row["sample_spread"], of_samples), row
            if plan.inside is None:
                assert agree(row["width"], 2 * stats.t.ppf(0.975, len(items) - 1) * np.sqrt(total / len(items)))
            else:
                estimated = estimate(units)
                assert estimated.low is not None and estimated.high is not None
                assert agree(row["width"], estimated.high - estimated.low)
                assert agree(row["context_spread"], plan.inside.standard_error**2 - total / len(items))
            assert of_samples is not None or row["n_more_samples_per_item"] in (0, None)
    assert any(row["sample_spread"] is not None for row in rows)


def test_no_plan_of_items_leaves_the_interval_too_wide(built: Built) -> None:
    """Where shared contexts alone take more than the width, no number of items is told."""
    rows = built.rows("figures.fig_planner", "planned = 'incoherence' and width > wanted_width")
    for row in rows:
        ratio, more = row["incoherence_unbiased"], row["n_more_items"]
        variance = row["context_spread"]
        if more is not None and row["item_spread"]:  # 0 where samples seem to cause more than all of it
            spread = row["item_spread"] + row["sample_spread"] / row["mean_samples_per_item"]
            variance += spread / (row["n_items"] + more)
        step = stats.norm.ppf(0.975) * np.sqrt(variance) / (ratio * (1 - ratio))
        width = float(special.expit(special.logit(ratio) + step) - special.expit(special.logit(ratio) - step))
        # By the normal quantile no interval is as wide as it will be: a plan that is too wide even so is none.
        assert more is None or width <= row["wanted_width"] * (1 + 1e-6), row
    assert any(row["n_more_items"] is None for row in rows) and any(row["n_more_items"] for row in rows)


def test_a_width_of_variance_is_relative_to_the_mean(built: Built) -> None:
    (row,) = built.rows("figures.fig_planner", "decomposition = 'embedding' and wanted_width = 0.2")
    (pooled,) = built.rows("marts.fct_incoherence", "decomposition = 'embedding'")
    assert row["incoherence_unbiased"] is None and agree(row["variance_unbiased"], pooled["variance_unbiased"])
    half_width = pooled["variance_unbiased_ci_high"] - pooled["variance_unbiased"]
    assert agree(row["width"], 2 * half_width / pooled["variance_unbiased"])


def width_of(plan: Plan, n_items: float) -> float:
    """Width of the interval that so many items of the same spread would give."""
    assert plan.inside is not None
    residuals = plan.inside.residuals
    freedom = np.sum(residuals**2) ** 2 / np.sum(residuals**4) * n_items / len(residuals)
    step = stats.t.ppf(0.975, freedom) * np.sqrt(plan.total / n_items) / (plan.ratio * (1 - plan.ratio))
    logit = np.log(plan.ratio / (1 - plan.ratio))
    return float(special.expit(logit + step) - special.expit(logit - step))


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_plans_agree_with_the_definitions(built: Built, decomposition: str) -> None:
    rows = built.rows("figures.fig_planner", f"task = 'independent' and decomposition = '{decomposition}'")
    assert {row["wanted_width"] for row in rows} == {0.2, 0.1, 0.05, 0.02, 0.01}
    for planned in by_pool(rows).values():
        items = samples_of(built, planned[0])
        plan = plan_of(items, decomposition, plain_units(items, decomposition))
        for row in planned:
            if row["width"] <= row["wanted_width"]:
                assert row["n_more_items"] == row["n_more_samples_per_item"] == row["n_calls_more_samples"] == 0
                continue
            needed = row["n_items"] + row["n_more_items"]
            assert width_of(plan, needed) <= row["wanted_width"] < width_of(plan, needed - 1)
            assert row["n_calls_more_items"] == 320 * row["n_more_items"]
            # With so many items, widths after which samples would have to be endless.
            assert row["n_more_samples_per_item"] is None and row["cost_usd_more_samples"] is None


def test_more_samples_where_they_are_enough(built: Built) -> None:
    rows = built.rows("figures.fig_planner", "task = 'study' and n_more_samples_per_item > 0")
    assert rows
    for row in rows:
        estimated = estimate(units_of(built, row))
        assert estimated.inside is not None and estimated.ratio is not None
        ratio, samples = estimated.ratio, row["mean_samples_per_item"] + row["n_more_samples_per_item"]
        widths = []
        for n_samples in (samples, samples - 2):
            spread = (row["item_spread"] + row["sample_spread"] / n_samples) / row["n_items"] + row["context_spread"]
            step = estimated.inside.t_975 * np.sqrt(spread) / (ratio * (1 - ratio))
            logit = np.log(ratio / (1 - ratio))
            widths.append(special.expit(logit + step) - special.expit(logit - step))
        assert widths[0] <= row["wanted_width"] < widths[1]
        assert row["output_tokens_more_samples"] >= 40 * row["n_calls_more_samples"]


def test_the_forecast_comes_true() -> None:
    """From 60 items of 20 samples: how far estimates from twice the items, or twice the samples, really scatter."""
    rng = np.random.default_rng(5)
    alpha = [1.2, 0.8, 0.5, 0.5]
    seen = []
    for _ in range(20):
        items = [(np.eye(4)[rng.choice(4, size=20, p=p)], 0) for p in rng.dirichlet(alpha, size=60)]
        seen.append(spreads(items, "brier"))
    total, of_items, of_samples = np.mean(np.array(seen, dtype=float), axis=0)
    assert of_samples / 20 < of_items < total
    for n_items, n_samples in ((120, 20), (60, 40)):
        shares = rng.multinomial(n_samples, rng.dirichlet(alpha, size=(1000, n_items))) / n_samples
        variances = (1 - np.sum(shares**2, axis=-1)) * n_samples / (n_samples - 1)
        errors = 2 * (1 - shares[..., 0])
        scatter = np.std(variances.sum(axis=1) / errors.sum(axis=1), ddof=1)
        forecast = np.sqrt((of_items + of_samples / n_samples) / n_items)
        assert abs(forecast / scatter - 1) < 0.1


@pytest.mark.parametrize("decomposition", ["brier", "score", "coverage", "embedding"])
def test_four_samples_foretell_eight(decomposition: str) -> None:
    """Blocks of two samples: a first guess, within 15 % of what items of eight samples really scatter by."""
    rng = np.random.default_rng(6)

    def draw(n_samples: int) -> Items:
        if decomposition == "brier":
            chances = rng.dirichlet([1.2, 0.8, 0.5, 0.5], size=3000)
            return [(np.eye(4)[rng.choice(4, size=n_samples, p=p)], 0) for p in chances]
        if decomposition == "embedding":
            sizes = rng.gamma(1, size=(3000, 8))
            return [(rng.normal(size=(n_samples, 8)) * np.sqrt(size), 0) for size in sizes]
        chances = rng.beta(1, 1, size=(3000, 1 if decomposition == "score" else 5))
        return [((rng.random((n_samples, len(p))) < p).astype(float), 0) for p in chances]

    total, of_items, of_samples = spreads(draw(4), decomposition)
    assert of_items is not None and of_samples is not None and of_items < total
    now = spreads(draw(8), decomposition)[0]
    assert abs(np.sqrt((of_items + of_samples / 8) / now) - 1) < 0.15


def test_the_command_prints_a_plan(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    layout.published_database.parent.mkdir(parents=True)
    with duckdb.connect(str(layout.published_database)) as published:
        published.execute("create schema figures")
        for name in ("fig_planner", "fig_reliability"):
            published.register("rows", built.database.sql(f"from figures.{name}").to_arrow_table())
            published.execute(f"create table figures.{name} as from rows")
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path))
    printed = CliRunner().invoke(app, ["plan", "--width", "0.05", "--task", "independent"])
    assert printed.exit_code == 0, printed.output
    (row,) = built.rows("figures.fig_planner", "task = 'independent' and is_main_decomposition and wanted_width = 0.05")
    # As a grid or as a block per row: that depends on the terminal.
    assert {str(row["n_more_items"]), str(row["n_calls_more_items"])} <= set(printed.stdout.split())
    scatter = CliRunner().invoke(app, ["plan", "--width", "0.05", "--task", "essay", "--decomposition", "embedding"])
    assert scatter.exit_code == 0 and "variance" in scatter.stdout.split()
    refused = CliRunner().invoke(app, ["plan", "--width", "0.07"])
    assert refused.exit_code == 2 and "planner_widths" in refused.stderr
    assert CliRunner().invoke(app, ["plan", "--task", "nothing"]).exit_code == 2

    def votes(wanted: float) -> list[dict[str, Any]]:
        told = CliRunner().invoke(app, ["plan", "--reliability", str(wanted), "--json"])
        assert told.exit_code == 0, told.output
        return list(json.loads(told.stdout))

    reliable = built.rows("figures.fig_reliability")
    reached = Counter[bool]()
    for row in votes(0.6):
        here = [
            each
            for each in reliable
            if (each["task"], each["model_id"], each["condition_label"])
            == (row["task"], row["model_id"], row["condition_label"])
        ]
        for name, column in (("votes", "majority_at_k"), ("surely", "majority_at_k_ci_low")):
            enough = [each["k"] for each in here if each[column] is not None and each[column] >= 0.6]
            assert row[name] == (min(enough) if enough else None), row
            cost = next((each["cost_usd_per_item"] for each in here if each["k"] == row[name]), None)
            assert row["usd_per_item" if name == "votes" else "surely_usd"] == pytest.approx(cost, abs=1e-6)
            reached[bool(enough)] += 1
        assert (row["note"] is None) == (row["votes"] is not None)
    assert reached[True] > 3 and reached[False] > 3
    assert CliRunner().invoke(app, ["plan", "--reliability", "1.5"]).exit_code == 2
