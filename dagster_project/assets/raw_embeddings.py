"""Raw layer, embeddings of the sampler's open-ended answers, as the experiments' specs ask for them."""

import dagster as dg

from dagster_project.assets.raw_sampling import MAY_COST
from dagster_project.assets.sampling_partitions import EMBEDDINGS
from dagster_project.assets.specs import raw_spec
from dagster_project.interruption import winding_up
from dagster_project.paid import refuse_unasked
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from ingestion.sampling import embed_experiments
from warehouse.raw import count_rows

ORIGIN = "Of open-ended answers, with the model that their experiment names, which may cost money."


@dg.multi_asset(
    specs=[raw_spec("embeddings", ORIGIN, [dg.AssetKey(["raw", "samples"])])],
    # Each request's vectors are a file as soon as they are there: another try asks only for the rest.
    retry_policy=dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL),
    pool="embeddings",
)
def embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Embed the open-ended answers, without a vector yet, of every experiment that has `embeddings`."""
    refuse_unasked(context, MAY_COST)
    with winding_up():
        n_embedded, problems = embed_experiments(warehouse.layout, reporter(context))
    if problems:  # a person has to put them right; another try would not
        raise dg.Failure("\n".join(problems), allow_retries=False)
    return dg.MaterializeResult(
        asset_key=EMBEDDINGS,
        metadata={"dagster/row_count": count_rows(warehouse.layout, "embeddings"), "n_embedded": n_embedded},
    )
