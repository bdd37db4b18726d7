"""Asset checks between raw and staging, and of drift. A failed blocking check stops everything below it."""

from statistics import NormalDist

import dagster as dg

from dagster_project.assets.raw_logs import LOG_TABLES
from dagster_project.assets.transformed import WRITER_POOL
from dagster_project.resources import Warehouse
from warehouse.connect import connect_build
from warehouse.raw import connect_raw, files_off_contract

SHORT_TEXT = 40
"""Characters of a completion and its reasoning up to which equal samples prove nothing."""

SYNTHETIC_TABLES = ("synthetic_problems", "synthetic_training", "synthetic_rollouts")


def _schema_check(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["raw", table],
        name="files_meet_the_contract",
        blocking=True,
        description="Every Parquet file has exactly the columns and types of `warehouse/schemas.py`, as they were in "
        "the version that wrote it.",
    )
    def check(warehouse: Warehouse) -> dg.AssetCheckResult:
        wrong = files_off_contract(warehouse.layout, table)
        return dg.AssetCheckResult(
            passed=not wrong,
            description=f"{len(wrong)} files are off contract; import their logs again" if wrong else None,
            metadata={"n_files": len(wrong), "files": [f"{path}: {why}" for path, why in list(wrong.items())[:20]]},
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


ERROR_RATE = 0.05
"""How often the check of drift may warn where nothing has changed, over all of its rows together."""

DRIFT = """
    select
        task, model_id, condition_id, period_kind, period, drift_measure, value_before, value_since, change_since,
        change_since_ci_low, change_since_ci_high, smallest_change, n_items,
        -- A length changes by a share: its interval lies around the logarithm.
        if(drift_measure = 'length', ln(1 + change_since_ci_low), change_since_ci_low) as low,
        if(drift_measure = 'length', ln(1 + change_since_ci_high), change_since_ci_high) as high
    from figures.fig_drift
    where drift_verdict <> 'cannot_tell' or drift_note is null
"""


@dg.asset_check(
    asset=["figures", "fig_drift"],
    name="answers_of_one_model_name_have_not_changed",
    pool=WRITER_POOL,
    description="Accuracy, length and incoherence of no date, served model or system fingerprint differ from those of "
    f"earlier samples of the same model name on the same items. A warning, false in at most {ERROR_RATE:.0%} of "
    "warehouses (Bonferroni over all comparisons); the smallest change that would be seen is in fig_drift.",
)
def nothing_has_drifted(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn of changes that all comparisons together do not explain by chance."""
    with connect_build(warehouse.layout) as con:
        found = con.sql(DRIFT).pl()
    # Half an interval is 1.96 standard errors, or as many as Student's t has.
    wide = NormalDist().inv_cdf(1 - ERROR_RATE / 2 / max(1, len(found))) / NormalDist().inv_cdf(0.975)
    rows = [
        row for row in found.iter_rows(named=True) if abs(row["low"] + row["high"]) > wide * (row["high"] - row["low"])
    ]
    told = [{name: str(value) for name, value in row.items() if name not in ("low", "high")} for row in rows[:10]]
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(rows)} changes; compare only samples of one version, or of one date" if rows else None,
        metadata={"n_compared": len(found), "n_found": len(rows), "examples": dg.MetadataValue.json(told)},
    )


CHECKS: list[dg.AssetChecksDefinition] = [
    nothing_has_drifted,
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
        "Within a run, every item has as many epochs as the others, errors not counted. A cancelled run has not: a "
        "warning. What the sampler draws in several runs is one.",
        """
        with counted as (
            select
                task, model_id, condition_id, if(source = 'sampler', 'sampler', run_id) as run, item_id, context_id,
                count(distinct epoch) filter (source <> 'sampler' or status <> 'error') as n_epochs
            from raw.samples group by all
        )
        select *, max(n_epochs) over (partition by task, model_id, condition_id, run) as n_planned from counted
        qualify n_epochs < n_planned
        """,
        "resume the run, or read its numbers as those of fewer samples",
        blocking=False,
    ),
    _query_check(
        "samples",
        "samples_are_not_all_identical",
        "An item whose samples are byte-identical has a variance of zero by construction: a cache, or a fixed seed. "
        f"Texts below {SHORT_TEXT} characters, such as a bare letter, may well be equal.",
        f"""
        with texts as (
            select *, coalesce(completion, '') || chr(0) || coalesce(reasoning, '') as text from raw.samples
            where status not in ('error', 'refused')
        )
        select task, model_id, condition_id, item_id, count(*) as n_samples from texts
        group by all
        having count(*) >= 5 and count(distinct text) = 1 and length(any_value(text)) > {SHORT_TEXT}
        """,
        "look for a response cache keyed without the epoch, or for a fixed seed",
        blocking=False,
    ),
]
