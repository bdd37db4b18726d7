"""Raw layer, third door: completions sampled from providers, one partition per task × model × condition.

The specs are the YAML files in the warehouse's `experiments/` folder; a sensor registers their partitions.
Materializing a partition asks only for what is missing, so a backfill can be stopped and started at will. Each kind of
provider is an asset with a pool of its own: partitions of one provider take turns, two providers work side by side.
"""

from collections import Counter
from pathlib import Path

import dagster as dg

from dagster_project.assets.specs import RAW_GROUP, raw_columns, raw_description
from dagster_project.progress import reporter
from dagster_project.resources import Warehouse
from ingestion.sampling import ExperimentSpec, PartitionKey, load_spec, plan, sample
from warehouse.layout import Layout
from warehouse.raw import connect_raw

PROVIDER_KINDS = {
    "local": "small reasoners of this project, in this process; no key, no network",
    "openai": "OpenAI's API; the key comes from OPENAI_API_KEY",
    "anthropic": "Anthropic's API; the key comes from ANTHROPIC_API_KEY",
    "openai_compatible": "vLLM, Ollama, llama.cpp or any server that speaks OpenAI's protocol",
}

PARTITIONS = {kind: dg.DynamicPartitionsDefinition(name=f"sampling_{kind}") for kind in PROVIDER_KINDS}

SEPARATOR = "|"


def partition_name(key: PartitionKey) -> str:
    """A partition's name in the UI: `task|model|condition`."""
    return SEPARATOR.join(key)


def experiments(layout: Layout) -> dict[str, dict[str, Path]]:
    """For each kind of provider: partition name → the spec file that plans it.

    Raises:
        ingestion.sampling.SpecError: if a spec is wrong; the message names file, field, value and fix.
    """
    found: dict[str, dict[str, Path]] = {kind: {} for kind in PROVIDER_KINDS}
    for path in sorted(layout.experiments.glob("*.y*ml")):
        spec = load_spec(path)
        kinds = _kinds_of_models(spec)
        for part in plan(spec, layout).partitions:
            found[kinds[part.key.model_id]].setdefault(partition_name(part.key), path)
    return found


def _kinds_of_models(spec: ExperimentSpec) -> dict[str, str]:
    return {model.id: spec.provider(model.provider).kind for model in spec.models}


def responses_key(kind: str) -> dg.AssetKey:
    """The asset of the responses of one kind of provider."""
    return dg.AssetKey(["raw", f"responses_{kind}"])


def _responses(kind: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=responses_key(kind),
        group_name=RAW_GROUP,
        kinds={"jsonl", "python"},
        partitions_def=PARTITIONS[kind],
        backfill_policy=dg.BackfillPolicy.single_run(),
        # Whatever was answered is in the journal: another try asks only for the rest.
        retry_policy=dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL),
        pool=f"sampling_{kind}",
        description=f"Verbatim responses, journalled and fsynced before they count. Provider: {PROVIDER_KINDS[kind]}. "
        "A partition draws only the items, contexts and epochs that are missing.",
    )
    def responses(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        layout = warehouse.layout
        planned = experiments(layout)[kind]
        n_drawn, cost, by_status = 0, 0.0, Counter[str]()
        for name in context.partition_keys:
            if name not in planned:
                context.log.warning(f"no experiment in {layout.experiments} plans {name} any more; its samples stay")
                continue
            key = PartitionKey(*name.split(SEPARATOR))
            summary = sample(load_spec(planned[name]), layout, partition=key, report=reporter(context))
            n_drawn += summary.n_drawn
            cost += summary.cost_usd
            by_status.update(summary.n_by_status())
            if summary.n_missing:
                raise dg.Failure(f"{name}: {summary.n_missing} samples are missing ({summary.stopped or 'errors'})")
        input_tokens, output_tokens = _tokens(layout, context.partition_keys)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(by_status.values()),
                "n_drawn": n_drawn,
                "cost_usd": cost,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                "samples_by_status": dg.MetadataValue.json(dict(by_status)),
            }
        )

    return responses


def _tokens(layout: Layout, names: list[str]) -> tuple[int, int]:
    with connect_raw(layout) as con:
        row = con.execute(
            "select coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint from raw.samples "
            "where source = 'sampler' and concat_ws('|', task, model_id, condition_id) in (select unnest(?))",
            [list(names)],
        ).fetchone()
    return row or (0, 0)


SAMPLED_RESPONSES = [_responses(kind) for kind in PROVIDER_KINDS]

EMBEDDINGS = dg.AssetSpec(
    key=["raw", "embeddings"],
    deps=[["raw", "samples"]],
    group_name=RAW_GROUP,
    kinds={"parquet"},
    description=raw_description(
        "embeddings", "Made on request by `ingestion.sampling.embed_answers`; it may cost money."
    ),
    metadata=raw_columns("embeddings"),
)
