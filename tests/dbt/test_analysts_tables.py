"""marts.incoherence and marts.samples: what a BI tool makes of them by default is right, and the recipes run."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from ingestion import analysis
from ingestion.logs.importer import ImportSummary
from tests.dbt.conftest import Built, agree
from tests.oracles.pooling import incoherence
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.report import Report

PAGE = PROJECT_ROOT / "docs" / "bi.md"
DASHBOARD = PROJECT_ROOT / "docs" / "examples" / "superset"
POOL = ("task", "model_id", "condition_id", "decomposition")
LABELS = ("task", "model_family", "reasoning_budget", "prompt_format", "subject", "human_difficulty")
POOLED = {
    "accuracy": "accuracy",
    "mean_score": "mean_score",
    "error": "error",
    "bias_sq": "bias_sq_unbiased",
    "variance": "variance_unbiased",
    "bias_sq_plug_in": "bias_sq",
    "variance_plug_in": "variance",
}
"""What the mean over items is called where the warehouse pools it (fct_incoherence)."""


def by(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[key] for key in keys): row for row in rows}


def pools(built: Built) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Pools that have an error, as fct_incoherence has them."""
    return by(built.rows("marts.fct_incoherence", "is_main_decomposition and decomposition <> 'embedding'"), POOL)


def test_sums_over_a_pool_are_its_incoherence(built: Built) -> None:
    counts = "count(*) as n_items, min(n_samples) as fewest"
    sums = "sum(variance) / nullif(sum(error), 0) as ratio, sum(variance_plug_in) / nullif(sum(error), 0) as plug_in"
    found = by(built.rows(f"(select {', '.join(POOL)}, {counts}, {sums} from marts.incoherence group by all)"), POOL)
    expected = pools(built)
    assert found.keys() == expected.keys() and {"kl", "brier", "coverage", "score"} <= {key[3] for key in found}
    for key, row in expected.items():
        assert found[key]["n_items"] == row["n_items"]
        assert agree(found[key]["ratio"], row["incoherence_unbiased"]), key
        if found[key]["fewest"] > 1:
            assert agree(found[key]["plug_in"], row["incoherence"]), key


@pytest.mark.parametrize("labels", combinations(LABELS, 2), ids=" ".join)
def test_sums_over_any_slice_are_its_incoherence(built: Built, labels: tuple[str, ...]) -> None:
    """Against ratios of sums made with NumPy from the facts and dimensions."""
    facts = (
        "marts.fct_item_decomposition join marts.dim_item using (task, item_id) join marts.dim_model using (model_id) "
        "join marts.dim_condition using (condition_id) join "
        "(select task, model_id, condition_id, decomposition from marts.fct_incoherence where is_main_decomposition) "
        "using (task, model_id, condition_id, decomposition)"
    )
    groups: dict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in built.rows(facts, "decomposition <> 'embedding'"):
        mine = groups[tuple(row[key] for key in (*labels, "decomposition"))]
        if row["variance_unbiased"] is not None:
            mine.append((row["variance_unbiased"], row["error"]))
    keys = ", ".join((*labels, "decomposition"))
    ratio = "(select {}, sum(variance) / nullif(sum(error), 0) as ratio from marts.incoherence group by all)"
    found = by(built.rows(ratio.format(keys)), (*labels, "decomposition"))
    assert found.keys() == groups.keys()
    for key, pairs in groups.items():
        variances, errors = np.array(pairs).reshape(-1, 2).T
        assert agree(found[key]["ratio"], incoherence(variances, errors) if pairs else None), key


def test_the_mean_of_any_column_ranks_rightly(built: Built) -> None:
    """A BI tool takes the mean of a number unless it is told otherwise: that is how the warehouse itself pools each."""
    kinds = {
        row["column_name"]: row["data_type"] for row in built.rows("duckdb_columns()", "table_name = 'incoherence'")
    }
    numbers = {name for name, kind in kinds.items() if kind == "DOUBLE"} - {"temperature", "top_p"}
    lengths = {"mean_output_tokens", "mean_reasoning_tokens", "mean_actions"}
    assert numbers == POOLED.keys() | lengths, "a new number: is its mean over items what the warehouse says of a pool?"
    means = ", ".join(["min(n_samples) as fewest", *(f"avg({name}) as {name}" for name in sorted(numbers))])
    found = by(built.rows(f"(select {', '.join(POOL)}, {means} from marts.incoherence group by all)"), POOL)
    for key, row in pools(built).items():
        for name, pooled in POOLED.items():
            # There, items with one sample have the variance 0; here they have none.
            if found[key]["fewest"] > 1 or name not in ("error", "bias_sq_plug_in", "variance_plug_in"):
                assert agree(found[key][name], row[pooled]), (key, name)
        if found[key]["variance"] is not None and found[key]["error"]:
            assert agree(found[key]["variance"] / found[key]["error"], row["incoherence_unbiased"]), key


def test_every_row_has_all_its_labels(built: Built) -> None:
    for table in ("incoherence", "samples"):
        joined = "join marts.dim_model m using (model_id) join marts.dim_condition c using (condition_id)"
        differ = (
            f"(select count(*) as n from marts.{table} t {joined} join marts.dim_item i using (task, item_id) where "
            "t.model_family is distinct from m.model_family or t.param_count is distinct from m.param_count or "
            "t.is_simulated is distinct from m.is_simulated or t.condition_label is distinct from c.condition_label or "
            "t.reasoning_budget is distinct from c.reasoning_budget or t.subject is distinct from i.subject or "
            "t.human_difficulty is distinct from i.human_difficulty)"
        )
        assert built.rows(differ) == [{"n": 0}]
    assert built.rows("(select count(*), sum(output_tokens), sum(cost_usd) from marts.samples)") == built.rows(
        "(select count(*), sum(output_tokens), sum(cost_usd) from marts.fct_sample)"
    )


@pytest.fixture(scope="module")
def root(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published as far as the recipes read it."""
    layout = Layout(tmp_path_factory.mktemp("analysts"))
    layout.published.mkdir(parents=True)
    layout.published_database.hardlink_to(built.layout.build_database)
    target = layout.exported_parquet("marts", "incoherence")
    target.parent.mkdir(parents=True)
    built.database.sql("from marts.incoherence").write_parquet(str(target))
    return layout.root


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", blocks("python"))
def test_a_recipe_in_python_runs(code: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("WAREHOUSE_ROOT", str(root))
    layout = Layout(root)
    done = analysis.Analysis(layout, False, ImportSummary((), ()), Report(layout.report, layout.figures, {}))
    monkeypatch.setattr(analysis, "analyze", lambda *logs: done)
    names: dict[str, Any] = {}
    exec(code, names)
    if "by_family" in names:
        ratios = names["by_family"]
        ratios = ratios["incoherence"].to_numpy() if isinstance(ratios, pl.DataFrame) else ratios.to_numpy()
        assert 0 < np.nanmax(ratios) < 2
    elif "found" in names:
        assert not names["found"].pools.is_empty()
    else:
        assert len(names["items"]) > 100


def test_the_recipes_in_sql_run(built: Built) -> None:
    queries = [query for block in blocks("bash") for query in re.findall(r'query "(.*?)"', block, re.DOTALL)]
    assert len(queries) >= 2
    for query in queries:
        assert built.database.sql(query).fetchall()


def exported(folder: str) -> list[dict[str, Any]]:
    return [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (DASHBOARD / "export" / folder).rglob("*.yaml")
    ]


def test_the_superset_dashboard_knows_the_tables(built: Built) -> None:
    for dataset in exported("datasets"):
        table = f"{dataset['schema']}.{dataset['table_name']}"
        described = built.rows(f"(describe {table})")
        assert {column["column_name"]: column["type"] for column in dataset["columns"]} == {
            column["column_name"]: column["column_type"] for column in described
        }
        metrics = ", ".join(f"{metric['expression']} as {metric['metric_name']}" for metric in dataset["metrics"])
        (row,) = built.rows(f"(select {metrics} from {table})")
        assert None not in row.values()


def test_the_superset_charts_ask_for_what_there_is() -> None:
    datasets = {dataset["uuid"]: dataset for dataset in exported("datasets")}
    charts = exported("charts")
    assert len(charts) == 5
    for chart in charts:
        dataset = datasets[chart["dataset_uuid"]]
        (query,) = json.loads(chart["query_context"])["queries"]
        assert set(query["columns"]) <= {column["column_name"] for column in dataset["columns"]}
        assert set(query["metrics"]) <= {metric["metric_name"] for metric in dataset["metrics"]}
    (dashboard,) = exported("dashboards")
    placed = {cell["meta"]["uuid"] for key, cell in dashboard["position"].items() if key.startswith("CHART-")}
    assert placed == {chart["uuid"] for chart in charts}


def test_superset_pools_as_the_warehouse_does(built: Built) -> None:
    (ratio,) = [
        metric["expression"]
        for dataset in exported("datasets")
        for metric in dataset["metrics"]
        if metric["metric_name"] == "incoherence"
    ]
    found = by(built.rows(f"(select {', '.join(POOL)}, {ratio} as ratio from marts.incoherence group by all)"), POOL)
    for key, row in pools(built).items():
        assert agree(found[key]["ratio"], row["incoherence_unbiased"]), key
