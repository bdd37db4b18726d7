"""The asset graph: a changed edge shows in review, lineage is unbroken, everything is described."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from dagster_project.assets.raw_sampling import MAY_COST

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
LAYERS = ("raw", "staging", "intermediate", "marts", "figures", "published")


def drawn(definitions: dg.Definitions) -> str:
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name:<13} {key.to_user_string()}" + (f" <- {parents}" if parents else ""))
    return "\n".join(lines) + "\n"


def test_the_graph_is_as_reviewed(definitions: dg.Definitions) -> None:
    now = drawn(definitions)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8"), (
        "the asset graph has changed; if that is meant: make generate, and commit"
    )


def test_every_asset_is_described_and_in_a_layer(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        # dbt's part of a description ends with the SQL; the words come before it.
        words = (node.description or "").split("#### Raw SQL")[0].strip()
        assert len(words) >= 20, f"{key.to_user_string()}: describe it for a person who sees it in the UI"
        assert node.group_name in LAYERS, f"{key.to_user_string()}: group {node.group_name}"


def test_every_asset_has_an_owner_and_says_what_it_may_cost(definitions: dg.Definitions) -> None:
    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    assert all(spec.owners for spec in specs.values())
    assert {key for key, spec in specs.items() if spec.tags["cost"] == "may_cost"} == MAY_COST
    fresh = {key for key, spec in specs.items() if spec.freshness_policy}
    assert fresh == {key for key, spec in specs.items() if spec.group_name == "published"}


def test_every_check_says_what_holds_when_it_passes(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = graph.asset_check_keys
    assert len(keys) > 200
    silent = [key.name for key in keys if len(graph.get_check_spec(key).description or "") < 15]
    assert not silent, "say in dagster_project/check_descriptions.py, or in a comment at the top of the test"


def test_everything_free_holds_all_but_what_may_cost(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("everything_free")
    left_out = definitions.resolve_asset_graph().get_all_asset_keys() - set(job.asset_layer.executable_asset_keys)
    assert left_out - MAY_COST == {dg.AssetKey("inbox")}, "which is a folder"
    assert left_out >= MAY_COST


def test_lineage_runs_from_raw_to_published_without_a_gap(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        layer = LAYERS.index(node.group_name)
        for parent in node.parent_keys:
            assert LAYERS.index(graph.get(parent).group_name) <= layer, f"{parent} → {key} runs backwards"
        if node.group_name in ("intermediate", "marts", "figures", "published"):
            assert node.parent_keys, f"{key.to_user_string()} hangs in the air"
    upstream: set[dg.AssetKey] = set()
    waiting = [dg.AssetKey(["published", "report"])]
    while waiting:
        key = waiting.pop()
        if key not in upstream:
            upstream.add(key)
            waiting += graph.get(key).parent_keys
    groups = {graph.get(key).group_name for key in upstream}
    assert groups == set(LAYERS)
    ends = {key.to_user_string() for key in upstream if not graph.get(key).parent_keys}
    assert {"inbox", "raw/synthetic_problems"} <= ends


def test_nothing_but_published_reads_a_figure_table(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        if node.group_name != "published":
            assert not [parent for parent in node.parent_keys if parent.path[-1].startswith("fig_")], key


def test_two_writers_never_meet(definitions: dg.Definitions) -> None:
    pools = {
        node.op.pool
        for node in definitions.resolve_all_job_defs()[0].all_node_defs
        for node in [type("N", (), {"op": node})]
        if node.op.name in ("dbt_models", "published__warehouse")
    }
    assert pools == {"duckdb_writer"}


def test_raw_is_checked_before_staging(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {
        key.asset_key.to_user_string()
        for key in graph.asset_check_keys
        if graph.get_check_spec(key).blocking and key.asset_key.path[0] == "raw"
    }
    read_by_staging = {
        parent.to_user_string()
        for key in graph.get_all_asset_keys()
        if graph.get(key).group_name == "staging"
        for parent in graph.get(key).parent_keys
        if parent.path[0] == "raw"
    }
    assert read_by_staging
    assert read_by_staging <= blocking
