"""Raw layer, first door: eval logs from the inbox. What other doors wrote to the same tables is counted with them."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.sampling_partitions import PROVIDER_KINDS, responses_key
from dagster_project.assets.specs import RAW_GROUP, raw_spec
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from ingestion.logs.importer import import_paths
from warehouse.layout import not_hidden
from warehouse.raw import count_rows

INBOX = dg.AssetSpec(
    key="inbox",
    group_name=RAW_GROUP,
    kinds={"file"},
    description="The folder that eval logs are dropped into; a sensor watches it. `incoherence import` reads logs from "
    "anywhere else.",
)

OUTCOMES = ("imported", "unchanged", "refused")

LOG_TABLES = (
    "items",
    "samples",
    "conditions",
    "models",
    "test_outcomes",
    "grades",
    "survey_rankings",
    "imports",
    "quarantine",
)

ORIGIN = "Read from eval logs and from the sampler's responses."

SAMPLED = {
    name: [responses_key(kind) for kind in PROVIDER_KINDS]
    if name in ("items", "samples", "conditions", "models")
    else []
    for name in LOG_TABLES
}


@dg.multi_asset(
    specs=[raw_spec(name, ORIGIN, [INBOX.key, *SAMPLED[name]]) for name in LOG_TABLES],
    can_subset=False,
    pool="raw_writer",
)
def eval_logs(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
    """Import every log in the inbox that is not in the warehouse yet."""
    layout = warehouse.layout
    report = reporter(context)
    layout.inbox.mkdir(parents=True, exist_ok=True)
    inbox = [layout.inbox] if not_hidden(layout.inbox.iterdir()) else []
    summary = import_paths(inbox, layout, progress=lambda file: report(f"{file.path.name}: {file.message}"))
    for name in LOG_TABLES:
        metadata: dict[str, int] = {"dagster/row_count": count_rows(layout, name)}
        if name == "imports":
            metadata |= {f"n_files_{outcome}": summary.count(outcome) for outcome in OUTCOMES}
        yield dg.MaterializeResult(asset_key=["raw", name], metadata=metadata)
