"""The metrics layer: MetricFlow's own SQL, run on the built warehouse, against ratios of sums made by hand."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from tests.dbt.conftest import Built, agree
from tests.oracles.pooling import incoherence


class Explaining:
    """What MetricFlow asks of a database before it sends a query: which dialect."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@pytest.fixture(scope="module")
def engine(built: Built) -> MetricFlowEngine:
    manifest = (built.layout.dbt_target / "semantic_manifest.json").read_text()
    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest))
    return MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=Explaining())


def rows(
    built: Built, engine: MetricFlowEngine, metric: str, group_by: list[str]
) -> dict[tuple[Any, ...], float | None]:
    """Value of a metric per group."""
    request = MetricFlowQueryRequest.create(metric_names=[metric], group_by_names=group_by)
    result = built.rows(f"({engine.explain(request).sql_statement.sql})")
    return {tuple(row[name] for name in group_by): row[metric] for row in result}


DECOMPOSITIONS = ("kl", "brier", "coverage", "score")


def metric_of(decomposition: str) -> str:
    return "incoherence" if decomposition == "kl" else f"incoherence_{decomposition}"


@pytest.mark.parametrize("decomposition", DECOMPOSITIONS)
def test_incoherence_by_family_and_difficulty_is_a_ratio_of_sums(
    built: Built, engine: MetricFlowEngine, decomposition: str
) -> None:
    dimensions = ["decomposed_item__task", "model__model_family", "item__human_difficulty"]
    sums: dict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in built.rows(
        "marts.fct_item_decomposition join marts.dim_item using (task, item_id) join marts.dim_model using (model_id)",
        f"decomposition = '{decomposition}'",
    ):
        group = sums[row["task"], row["model_family"], row["human_difficulty"]]
        if row["variance_unbiased"] is not None:
            group.append((row["variance_unbiased"], row["error"]))
    found = rows(built, engine, metric_of(decomposition), dimensions)
    assert set(found) == set(sums) and found
    for group, pairs in sums.items():
        variances, errors = np.array(pairs).reshape(-1, 2).T
        assert agree(found[group], incoherence(variances, errors) if pairs else None), group


@pytest.mark.parametrize("decomposition", DECOMPOSITIONS)
def test_incoherence_of_a_pool_is_the_published_one(built: Built, engine: MetricFlowEngine, decomposition: str) -> None:
    found = rows(built, engine, metric_of(decomposition), ["decomposed_item__task", "model", "condition"])
    expected = {
        (row["task"], row["model_id"], row["condition_id"]): row["incoherence_unbiased"]
        for row in built.rows("marts.fct_incoherence", f"decomposition = '{decomposition}'")
    }
    assert set(found) == set(expected) and found
    for pool, value in expected.items():
        assert agree(found[pool], value), pool


@pytest.mark.parametrize("decomposition", DECOMPOSITIONS)
def test_a_slice_on_which_nothing_went_wrong_has_no_incoherence(
    built: Built, engine: MetricFlowEngine, decomposition: str
) -> None:
    """The thinnest slice is an item; KL's smoothing leaves nothing of one that is always right."""
    found = rows(built, engine, metric_of(decomposition), ["model", "condition", "item"])
    expected = {
        (row["model_id"], row["condition_id"], f"{row['task']}/{row['item_id']}"): row
        for row in built.rows("marts.fct_item_decomposition", f"decomposition = '{decomposition}'")
    }
    assert set(found) == set(expected)
    for item, row in expected.items():
        has_ratio = row["error"] > 0 and row["variance_unbiased"] is not None
        assert agree(found[item], row["variance_unbiased"] / row["error"] if has_ratio else None), item
    if decomposition == "kl":
        assert sum(row["error"] == 0 and row["n_samples"] > 1 for row in expected.values()) > 3
