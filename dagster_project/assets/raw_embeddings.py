"""Raw layer, embeddings of the sampler's open-ended answers, as the experiments' specs ask for them."""

import dagster as dg

from dagster_project.assets.raw_sampling import experiment_specs
from dagster_project.assets.specs import raw_spec
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from ingestion.sampling import MissingKeyError, SpecError, embed_answers
from warehouse.raw import count_rows

EMBEDDINGS = dg.AssetKey(["raw", "embeddings"])

ORIGIN = "Of open-ended answers, with the model that their experiment names, which may cost money."


@dg.multi_asset(
    specs=[raw_spec("embeddings", ORIGIN, [dg.AssetKey(["raw", "samples"])])],
    # Each request's vectors are a file as soon as they are there: another try asks only for the rest.
    retry_policy=dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL),
    pool="embeddings",
)
def embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Embed the open-ended answers, without a vector yet, of every experiment that has `embeddings`."""
    layout = warehouse.layout
    n_embedded = 0
    try:
        for spec in experiment_specs(layout).values():
            if spec.embeddings is not None:
                n_embedded += embed_answers(spec, layout, report=reporter(context)).n_embedded
    except (SpecError, MissingKeyError) as error:  # a person has to put it right; another try would not
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(
        asset_key=EMBEDDINGS,
        metadata={"dagster/row_count": count_rows(layout, "embeddings"), "n_embedded": n_embedded},
    )
