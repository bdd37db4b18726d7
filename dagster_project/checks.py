"""Asset checks between raw and staging. A failed blocking check stops everything below it."""

import dagster as dg

from dagster_project.assets.raw_logs import LOG_TABLES
from dagster_project.resources import Warehouse
from warehouse.raw import connect_raw, files_off_contract

SYNTHETIC_TABLES = ("synthetic_problems", "synthetic_training", "synthetic_rollouts")


def _schema_check(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["raw", table],
        name="files_meet_the_contract",
        blocking=True,
        description="Every Parquet file has exactly the columns and types of `warehouse/schemas.py`.",
    )
    def check(warehouse: Warehouse) -> dg.AssetCheckResult:
        wrong = files_off_contract(warehouse.layout, table)
        return dg.AssetCheckResult(
            passed=not wrong,
            description=f"{len(wrong)} files are off contract; import their logs again" if wrong else None,
            metadata={"n_files": len(wrong), "files": [str(path) for path in wrong[:20]]},
        )

    return check


def _query_check(
    table: str, name: str, description: str, sql: str, fix: str, *, blocking: bool = True
) -> dg.AssetChecksDefinition:
    """A check that passes when `sql` returns no row."""
    severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(asset=["raw", table], name=name, blocking=blocking, description=description)
    def check(warehouse: Warehouse) -> dg.AssetCheckResult:
        with connect_raw(warehouse.layout) as con:
            found = con.sql(sql)
            columns, rows = found.columns, found.fetchall()
        examples = [dict(zip(columns, map(str, row), strict=True)) for row in rows[:10]]
        return dg.AssetCheckResult(
            passed=not rows,
            severity=severity,
            description=f"{len(rows)} found; {fix}" if rows else None,
            metadata={"n_found": len(rows), "examples": dg.MetadataValue.json(examples)},
        )

    return check


CHECKS: list[dg.AssetChecksDefinition] = [
    *(_schema_check(table) for table in (*LOG_TABLES, "embeddings", *SYNTHETIC_TABLES)),
    _query_check(
        "samples",
        "one_row_per_sample_and_file",
        "A file holds a sample once; copies in other files (retried logs) are resolved in staging.",
        "select sample_id, import_id, count(*) as n from raw.samples group by all having count(*) > 1",
        "import the file again",
    ),
    _query_check(
        "samples",
        "samples_have_items",
        "Every sample's item and answer key is in raw.items.",
        """
        select distinct task, item_id, answer_key_id from raw.samples
        anti join raw.items using (task, item_id, answer_key_id)
        """,
        "import the log again",
    ),
    _query_check(
        "samples",
        "planned_epochs_are_present",
        "Within a run, every item has as many epochs as the others. A cancelled run has not: a warning.",
        """
        with counted as (
            select run_id, model_id, condition_id, item_id, context_id, count(distinct epoch) as n_epochs
            from raw.samples group by all
        )
        select *, max(n_epochs) over (partition by run_id, model_id, condition_id) as n_planned from counted
        qualify n_epochs < n_planned
        """,
        "resume the run, or read its numbers as those of fewer samples",
        blocking=False,
    ),
    _query_check(
        "samples",
        "samples_are_not_all_identical",
        "An item whose samples are byte-identical has a variance of zero by construction: a cache, or a fixed seed.",
        """
        select task, model_id, condition_id, item_id, count(*) as n_samples from raw.samples
        where status not in ('error', 'refused')
        group by all
        having count(*) >= 5 and count(distinct coalesce(completion, '') || chr(0) || coalesce(reasoning, '')) = 1
            and any_value(reasoning) is not null
        """,
        "look for a response cache keyed without the epoch, or for a fixed seed",
        blocking=False,
    ),
]
