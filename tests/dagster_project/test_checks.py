"""Each check passes on good rows and fails on the fault that it is there for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.checks import CHECKS, nothing_has_drifted
from dagster_project.resources import Warehouse
from warehouse.layout import Layout
from warehouse.parquet import write_partition

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARTITION = {"task": "t", "model_id": "m", "condition_id": "c"}


def sample(epoch: int, item: str = "i", **values: Any) -> dict[str, Any]:
    return {
        **PARTITION,
        "sample_id": f"{item}-{epoch}",
        "item_id": item,
        "answer_key_id": "key",
        "context_id": "none",
        "epoch": epoch,
        "source": "inspect",
        "import_id": "file",
        "run_id": "run",
        "run_status": "success",
        "status": "ok",
        "completion": f"answer {epoch}",
        "reasoning": f"thought {epoch}",
        "ingested_at": NOW,
    } | values


def write(layout: Layout, samples: list[dict[str, Any]], *, items: tuple[str, ...] = ("i", "j")) -> None:
    write_partition(layout, "samples", samples, file_stem="file", partition=PARTITION)
    rows = [
        {"task": "t", "item_id": item, "answer_key_id": "key", "source": "inspect", "ingested_at": NOW}
        for item in items
    ]
    write_partition(layout, "items", rows, file_stem="file", partition={"task": "t"})
    known = {
        "import_id": "file",
        "file_name": "f",
        "file_sha256": "f",
        "file_bytes": 1,
        "source": "inspect",
        "reader_version": 1,
        "run_status": "success",
        "n_samples": len(samples),
        "n_quarantined": 0,
        "ingested_at": NOW,
    }
    write_partition(layout, "imports", [known], file_stem="file")


def outcome(layout: Layout, name: str, table: str = "samples") -> dg.AssetCheckResult:
    for check in CHECKS:
        for key in check.check_keys:
            if key.name == name and key.asset_key == dg.AssetKey(["raw", table]):
                result = check(warehouse=Warehouse(root=str(layout.root)))
                assert isinstance(result, dg.AssetCheckResult)
                return result
    raise AssertionError(f"no check {name}")


SAMPLE_CHECKS = (
    "files_meet_the_contract",
    "one_row_per_sample_and_file",
    "samples_have_items",
    "planned_epochs_are_present",
    "samples_are_not_all_identical",
)


@pytest.mark.parametrize("name", SAMPLE_CHECKS)
def test_good_rows_pass(layout: Layout, name: str) -> None:
    write(layout, [sample(epoch, item) for epoch in range(1, 7) for item in ("i", "j")])
    assert outcome(layout, name).passed


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("one_row_per_sample_and_file", [sample(1), sample(1)]),
        ("samples_have_items", [sample(1, "unknown")]),
        ("planned_epochs_are_present", [sample(1), sample(2), sample(1, "j")]),
        (
            "samples_are_not_all_identical",
            [sample(epoch, completion="same", reasoning="as every time " * 3) for epoch in range(1, 7)],
        ),
        (
            "samples_are_not_all_identical",
            [sample(n, completion="first 2 + 2 is 4, then 4 - 1 is 3\nANSWER: B", reasoning=None) for n in range(1, 7)],
        ),
    ],
)
def test_the_fault_is_found_and_named(layout: Layout, name: str, samples: list[dict[str, Any]]) -> None:
    write(layout, samples)
    result = outcome(layout, name)
    assert not result.passed
    assert "found;" in str(result.description)


def test_what_the_sampler_draws_in_several_runs_is_one(layout: Layout) -> None:
    drawn = [sample(e, i, source="sampler", run_id=f"run {e} {i == 'j'}") for e in (1, 2) for i in ("i", "j")]
    write(layout, drawn)
    assert outcome(layout, "planned_epochs_are_present").passed
    write(layout, [*drawn[:3], drawn[3] | {"status": "error"}])
    assert not outcome(layout, "planned_epochs_are_present").passed


def test_bare_letters_may_be_equal(layout: Layout) -> None:
    write(layout, [sample(epoch, completion="ANSWER: B", reasoning=None) for epoch in range(1, 31)])
    assert outcome(layout, "samples_are_not_all_identical").passed


def test_a_file_off_contract_is_found(layout: Layout) -> None:
    write(layout, [sample(1)])
    stray = layout.partition("samples", PARTITION) / "stray.parquet"
    pq.write_table(pa.table({"sample_id": ["x"]}), stray)
    result = outcome(layout, "files_meet_the_contract")
    assert not result.passed
    assert str(stray) in str(result.metadata["files"])


def test_a_change_is_warned_of_where_chance_does_not_explain_it(layout: Layout) -> None:
    layout.build_database.parent.mkdir(parents=True)
    changes = {"slight": (0.001, 0.2), "clear": (0.1, 0.2), "none": (-0.1, 0.1)}
    with duckdb.connect(str(layout.build_database)) as con:
        con.execute("create schema figures")
        con.execute(
            "create table figures.fig_drift as select 't' as task, 'm' as model_id, 'c' as condition_id, period, "
            "'date' as period_kind, 'accuracy' as drift_measure, 0.5 as value_before, 0.6 as value_since, "
            "0.1 as change_since, "
            "low as change_since_ci_low, high as change_since_ci_high, 0.1 as smallest_change, 50 as n_items, "
            "'risen' as drift_verdict, null as drift_note "
            f"from (values {', '.join(str((name, *ends)) for name, ends in changes.items())}) as t(period, low, high)"
        )
    result = nothing_has_drifted(warehouse=Warehouse(root=str(layout.root)))
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed and result.severity == dg.AssetCheckSeverity.WARN
    assert result.metadata["n_found"].value == 1 and result.metadata["n_compared"].value == 3
