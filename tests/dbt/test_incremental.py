"""A build of what has changed leaves what a build of everything leaves; so does one of one pool after the other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.same_tables import difference
from tests.dbt.conftest import Built
from warehouse import build_plan, transform
from warehouse.build_plan import plan_build, pools_told
from warehouse.built_from import inputs_of, last_built, remember
from warehouse.connect import connect_build
from warehouse.dbt_command import build_code
from warehouse.layout import Layout
from warehouse.transform import run_dbt

OF_POOLS = "config.materialized:per_pool"

FINGERPRINTED = {"stg_samples", "int_sample_answers", "int_sample_tests", "int_item_clusters", "stg_pool_files"}
"""What `int_pool_contents` reads, row by row."""

BY_FILE = {"stg_sample_texts", "stg_embeddings"}
"""What it knows by the files that hold the rows of a pool."""


FORGOTTEN = "int_item_kl_sensitivity"
"""Nothing tells what this table was built from: it is computed for all pools."""


def test_models_of_single_pools_read_nothing_without_a_fingerprint(built: Built) -> None:
    manifest = json.loads((built.layout.dbt_target / "manifest.json").read_text())
    nodes: Mapping[str, Any] = manifest["nodes"]
    known = {f"model.incoherence.{name}" for name in FINGERPRINTED | BY_FILE | {"int_pool_contents"}}
    waiting = [name for name, node in nodes.items() if node["config"].get("materialized") == "per_pool"]
    assert len(waiting) >= 19
    seen = set(waiting)
    while waiting:
        for parent in manifest["parent_map"][waiting.pop()]:
            if parent not in known | seen and not parent.startswith("seed."):
                assert nodes[parent]["fqn"][1] == "intermediate", f"{parent} is in no fingerprint of a pool"
                seen.add(parent)
                waiting.append(parent)
    read = set(nodes["model.incoherence.int_pool_contents"]["depends_on"]["nodes"])
    assert {f"model.incoherence.{name}" for name in FINGERPRINTED} <= read


@pytest.fixture(scope="module")
def changed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Layout, list[dict[str, Any]]]]:
    """A copy of the built warehouse, other raw files, an interrupted build, and one by pool that ended; its results."""
    layout = Layout(tmp_path_factory.mktemp("changed"))
    shutil.copytree(built.layout.raw, layout.raw)
    layout.build_database.parent.mkdir()
    shutil.copyfile(built.layout.build_database, layout.build_database)
    _change(layout)
    arguments = ["run", "--select", f"+{OF_POOLS}"]
    with pytest.raises(InterruptedError):
        run_dbt(layout, arguments, echo=_interrupt_after("int_overthinking_judged_answers"))
    with duckdb.connect(str(layout.build_database)) as database:
        database.execute(f"drop table intermediate.built_from_{FORGOTTEN}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMPLES_AT_ONCE", "1")
        run_dbt(layout, arguments)
    yield layout, json.loads(layout.dbt_results.read_text())["results"]


def _interrupt_after(model: str) -> Any:
    def echo(line: str) -> None:
        if model in line and "[" in line and "RUN" not in line:
            raise InterruptedError

    return echo


def _change(layout: Layout) -> None:
    """Files of samples that are replaced, gone and new, and a test that is reported no more."""
    replaced, gone, copied, *_ = sorted(layout.raw_table("samples").rglob("random.parquet"))
    table = pq.read_table(replaced, partitioning=None)
    pq.write_table(table.filter(pc.greater(table["epoch"], 1)), replaced)
    gone.unlink()
    table = pq.read_table(copied, partitioning=None)
    new = {"model_id": "new", "sample_id": pc.binary_join_element_wise("new", table["sample_id"], " ")}
    for name, values in new.items():
        column = pa.array([values] * len(table)) if isinstance(values, str) else values
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
    pq.write_table(table, copied.with_name("new.parquet"))
    outcomes = layout.raw_table("test_outcomes") / "task=repair" / "random.parquet"
    table = pq.read_table(outcomes, partitioning=None)
    pq.write_table(table.filter(pc.not_equal(table["test_name"], "t1")), outcomes)


def test_tables_of_changed_pools_are_as_if_all_were_built(changed: tuple[Layout, list[dict[str, Any]]]) -> None:
    layout, results = changed
    of_pools = [result for result in results if "pools" in str(result["message"])]
    assert len(of_pools) >= 19
    told = [
        result["message"].split(" of ") for result in of_pools if result["unique_id"].rsplit(".", 1)[-1] != FORGOTTEN
    ]
    assert len(told) == len(of_pools) - 1
    # What the interrupted build had made is not made again; the rest is, of the pools alone that have changed.
    assert {"0"} < {n_changed for n_changed, _ in told}
    assert all(int(n_changed) < int(n_pools.split()[0]) / 2 for n_changed, n_pools in told)
    with connect_build(layout) as database:
        for result in of_pools:
            name = result["relation_name"]
            database.execute(f"create or replace temp table expected as {result['compiled_code']}")
            columns = [column for column, *_ in database.execute("describe expected").fetchall()]
            assert difference(database, name, "expected", [c for c in columns if c != "answer_id"]) is None, name
            assert database.execute(f"select count(*) from {name}").fetchone() != (0,), name


def test_what_decides_the_numbers_is_in_the_fingerprint_of_the_code() -> None:
    usual = build_code(["build"])
    assert build_code(["build", "--select", "x"]) == usual
    assert build_code(["build", "--vars", "kl_delta: 1e-9"]) != usual != build_code(["build", "--vars=kl_delta: 1e-9"])


def test_a_build_does_what_its_inputs_ask_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)

    def plan(**asked: Any) -> build_plan.Plan:
        return plan_build(layout, inputs_of(layout), **{"select": None, "full": False, "unit_tests": False} | asked)

    assert plan() == build_plan.Plan([], "everything was built: nothing was before")
    layout.build_database.parent.mkdir(parents=True)
    remember(layout, inputs_of(layout), datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert plan().arguments is None
    assert plan().why == "nothing has changed since the build of 2026-01-02 03:04 UTC; --full builds everything anyway"
    assert plan(full=True).arguments == ["--full-refresh"]
    assert plan(select="marts +x").arguments == ["--select", "marts", "+x"]

    file = layout.raw_table("items") / "a.parquet"
    file.parent.mkdir(parents=True)
    file.touch()
    assert plan().arguments == ["--select", "source:raw.items+"]
    monkeypatch.setattr("warehouse.built_from.build_code", lambda arguments: "another")
    assert plan().arguments == [] and "another since the build" in plan().why

    layout.unfinished_build.touch()
    assert last_built(layout) is None and "the last build did not finish" in plan().why
    layout.unfinished_build.unlink()
    remember(layout, None)
    assert last_built(layout) is None
    layout.build_database.write_text("no database")
    assert last_built(layout) is None


def test_a_file_that_arrives_once_a_build_is_planned_is_new_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)

    def planned(*arguments: Any, **asked: Any) -> build_plan.Plan:
        plan = plan_build(*arguments, **asked)
        layout.raw_file("items", "late").parent.mkdir(parents=True, exist_ok=True)
        layout.raw_file("items", "late").touch()
        return plan

    monkeypatch.setattr(transform, "plan_build", planned)
    monkeypatch.setattr(transform, "run_dbt", lambda *_, **__: None)
    monkeypatch.setattr(transform, "_results", lambda _: [])
    transform.build(layout)
    following = plan_build(layout, inputs_of(layout), select=None, full=False, unit_tests=False)
    assert following.arguments == ["--select", "source:raw.items+"]


def test_pools_are_told_where_there_are_any() -> None:
    assert pools_told([{"message": "OK"}, {"message": None}, {"message": "3 of 3 pools"}]) == ""
    told = pools_told([{"message": "1 of 16 pools"}, {"message": "0 of 16 pools"}])
    assert told == "; 1 of 16 pools changed, and 2 models were computed for those alone"
