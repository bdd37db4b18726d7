"""Which columns columns come from, as the UI shows it."""

from __future__ import annotations

import dagster as dg

from dagster_project.column_lineage import Project, origins
from tests.dbt.conftest import Built

QUERY = """
with items as (select * from "w"."marts"."items" inner join "w"."marts"."models" using (model_id)),
counted as (select model_id, count(*) as n, sum(items.error) as error from items group by model_id)
select counted.*, error / n as mean, 'x' as word, family from counted inner join "w"."marts"."models" using (model_id)
union all
select 'all', 0, max(error), null, variance, 'f' from "w"."marts"."items"
"""


def test_columns_are_followed_through_queries() -> None:
    parents = {
        "items": dict.fromkeys(("model_id", "error", "variance"), "double"),
        "models": dict.fromkeys(("model_id", "family"), "varchar"),
    }
    assert origins(QUERY, parents) == {
        "model_id": {("items", "model_id"), ("models", "model_id")},
        "n": set(),
        "error": {("items", "error")},
        "mean": {("items", "error")},
        "word": {("items", "variance")},
        "family": {("models", "family")},
    }


def test_tables_of_the_project_have_it(built: Built) -> None:
    columns: dict[str, dict[str, str]] = {}
    for row in built.rows("information_schema.columns"):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    project = Project(built.layout.dbt_target, columns, lambda node: dg.AssetKey(node["name"]))
    tables = ("fig_failure_modes", "fct_item_decomposition", "fct_incoherence_difference", "findings")
    lines: list[str] = []
    found = {
        name: lineage.deps_by_column for name, lineage in project.lineages((*tables, "int_mixed_votes"), lines.append)
    }
    (line,) = lines
    assert line.startswith("int_mixed_votes: ") and "sqlglot" in line, "what it cannot resolve is told"
    assert {name: set(of) for name, of in found.items()} == {name: set(columns[name]) for name in tables}
    told = {
        name: {(dep.asset_key.path[-1], dep.column_name) for dep in of}
        for name, of in found["fig_failure_modes"].items()
    }
    assert told["share_of_items_most"] == {("int_failure_mode_shares", "share_of_items")}
    assert told["model_family"] == {("dim_model", "model_family")}
