"""Jobs, the schedule and the inbox sensor."""

import hashlib

import dagster as dg

from dagster_project.assets.raw_embeddings import embeddings
from dagster_project.assets.sampling_partitions import EMBEDDINGS, PROVIDER_KINDS, register, responses_key
from dagster_project.resources import Warehouse
from ingestion.sampling import SpecError
from warehouse.layout import Layout

PAID = dg.AssetSelection.assets(EMBEDDINGS, *(responses_key(kind) for kind in PROVIDER_KINDS))
"""They may cost money: no job but their own asks for them."""

EMBEDDING_CHECKS = dg.AssetSelection.checks_for_assets(embeddings)

sampling_jobs = [
    dg.define_asset_job(
        f"sample_{kind}",
        selection=dg.AssetSelection.assets(responses_key(kind)),
        description=f"Draw the missing samples of the experiments' partitions. Provider: {PROVIDER_KINDS[kind]}.",
    )
    for kind in PROVIDER_KINDS
]

embed = dg.define_asset_job(
    "embed",
    selection=dg.AssetSelection.assets(EMBEDDINGS),
    description="Embed the open-ended answers that have no vector yet, where their experiment names a model.",
)

collect = dg.define_asset_job(
    "collect",
    selection=dg.AssetSelection.groups("raw") - PAID | EMBEDDING_CHECKS,
    description="The raw layer: logs in the inbox; the synthetic optimizer, trained and rolled out; their checks.",
)

everything_free = dg.define_asset_job(
    "everything_free",
    selection=dg.AssetSelection.all() - PAID | EMBEDDING_CHECKS,
    description="Everything that costs nothing, from logs and the synthetic optimizer to the report. Samples are drawn "
    "by jobs of their own; of these, `sample_local` is free too.",
)

transform = dg.define_asset_job(
    "transform",
    selection=dg.AssetSelection.groups("staging", "intermediate", "marts", "figures", "published"),
    description="From the raw layer to decompositions, figures, the published file and the report.",
)

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all()
    - PAID
    - dg.AssetSelection.assets(["raw", "synthetic_training"]).upstream()
    - dg.AssetSelection.assets(["raw", "synthetic_rollouts"])
    | EMBEDDING_CHECKS,
    description="New logs in the inbox, through to the published file and the report; nothing is trained.",
)

nightly = dg.ScheduleDefinition(
    name="nightly_refresh",
    job=refresh,
    cron_schedule="0 3 * * *",
    description="Refresh every night at three, for inboxes that are filled by other machines. Off until switched on.",
)


def inbox_fingerprint(layout: Layout) -> str | None:
    """A hash over the names, sizes and times of the inbox's files; None while it is empty."""
    files = sorted(path for path in layout.inbox.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        return None
    facts = [
        (str(path.relative_to(layout.inbox)), stat.st_size, stat.st_mtime_ns) for path in files if (stat := path.stat())
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports and publishes when logs appear in the inbox, once they have stopped changing.",
)
def inbox(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
    """Ask for a refresh when the inbox is the same in two looks in a row and differs from the last refresh."""
    seen, _, refreshed = (context.cursor or "").partition(" ")
    now = inbox_fingerprint(warehouse.layout)
    if now is None:
        return dg.SkipReason("the inbox is empty")
    if now == refreshed:
        return dg.SkipReason("nothing new in the inbox")
    if now != seen:
        context.update_cursor(f"{now} {refreshed}")
        return dg.SkipReason("the inbox has changed; waiting until files are complete")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=now)], cursor=f"{now} {now}")


@dg.sensor(
    name="experiments",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers a partition for each task × model × condition of the specs in the experiments folder. It "
    "never starts sampling, which may cost money: materialize the partitions, or launch a backfill.",
)
def experiments(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SkipReason:
    """Bring the dynamic partitions up to the specs; a spec that cannot be read fails the tick, and keeps none back."""
    registered = register(context.instance, warehouse.layout)
    if registered.problems:
        raise SpecError("\n".join(registered.problems))
    new = [name for names in registered.added.values() for name in names]
    return dg.SkipReason(f"registered {', '.join(new)}" if new else "no new partitions")
