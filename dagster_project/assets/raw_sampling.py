"""Raw layer, third door: completions sampled from providers, one partition per task × model × condition.

The specs are the YAML files in the warehouse's `experiments/` folder; a sensor registers their partitions.
Materializing a partition asks only for what is missing, so a backfill can be stopped and started at will. Each kind of
provider is an asset with a pool of its own: partitions of one provider take turns, two providers work side by side.
"""

import dagster as dg

from dagster_project.assets.sampling_partitions import (
    EMBEDDINGS,
    PARTITIONS,
    PROVIDER_KINDS,
    partition_key,
    responses_key,
)
from dagster_project.assets.specs import RAW_GROUP
from dagster_project.interruption import winding_up
from dagster_project.paid import refuse_unasked
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from ingestion.sampling import sample_partitions

KEYS = {"openai": dg.EnvVar("OPENAI_API_KEY"), "anthropic": dg.EnvVar("ANTHROPIC_API_KEY")}
"""Where keys come from, unless a spec's `api_key_env` names another variable. No key is ever in a run's config."""

_RESPONSES = "Verbatim responses, journalled and fsynced before they count."
_WHAT = {"inspect": "Logs of eval sets, imported when a round of them has ended."}


MAY_COST = frozenset(responses_key(kind) for kind in PROVIDER_KINDS) | {EMBEDDINGS}
"""What is asked for by itself, and never with everything else."""


def _responses(kind: str) -> dg.AssetsDefinition:
    key_note = f" The key comes from {KEYS[kind].env_var_name}." if kind in KEYS else ""

    @dg.asset(
        key=responses_key(kind),
        group_name=RAW_GROUP,
        kinds={"jsonl", "python"},
        partitions_def=PARTITIONS[kind],
        backfill_policy=dg.BackfillPolicy.single_run(),
        # Whatever was answered is in the journal: another try asks only for the rest.
        retry_policy=dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL),
        pool=f"sampling_{kind}",
        description=f"{_WHAT.get(kind, _RESPONSES)} Provider: {PROVIDER_KINDS[kind]}."
        f"{key_note} A partition draws only the items, contexts and epochs that are missing.",
    )
    def responses(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        if kind != "local":
            refuse_unasked(context, MAY_COST)
        keys = [partition_key(name) for name in context.partition_keys]
        with winding_up():
            drawn = sample_partitions(warehouse.layout, kind, keys, reporter(context))
        if drawn.problems:  # where a person has to put something right, another try would not
            raise dg.Failure("\n".join(drawn.problems), allow_retries=not drawn.needs_person)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": drawn.n_by_status.total(),
                "n_drawn": drawn.n_drawn,
                "n_errors": drawn.n_errors,
                "cost_usd": drawn.cost_usd,
                "input_tokens": drawn.tokens[0],
                "output_tokens": drawn.tokens[1],
                "samples_by_status": dg.MetadataValue.json(dict(drawn.n_by_status)),
            }
        )

    return responses


SAMPLED_RESPONSES = [_responses(kind) for kind in PROVIDER_KINDS]
