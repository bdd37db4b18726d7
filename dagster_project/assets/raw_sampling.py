"""Raw layer, third door: completions sampled from providers, one partition per task × model × condition.

The specs are the YAML files in the warehouse's `experiments/` folder; a sensor registers their partitions.
Materializing a partition asks only for what is missing, so a backfill can be stopped and started at will. Each kind of
provider is an asset with a pool of its own: partitions of one provider take turns, two providers work side by side.
"""

from collections import Counter
from pathlib import Path

import dagster as dg

from dagster_project.assets.specs import RAW_GROUP
from dagster_project.progress import reporter
from dagster_project.resources import Warehouse
from ingestion.sampling import (
    ExperimentSpec,
    MissingKeyError,
    PartitionKey,
    SamplingError,
    SpecError,
    TaskError,
    load_spec,
    partition_keys,
    sample,
)
from warehouse.layout import Layout, visible
from warehouse.raw import connect_raw

PROVIDER_KINDS = {
    "local": "small reasoners of this project, in this process; no key, no network",
    "openai": "OpenAI's API",
    "anthropic": "Anthropic's API",
    "openai_compatible": "vLLM, Ollama, llama.cpp or any server that speaks OpenAI's protocol",
}

KEYS = {"openai": dg.EnvVar("OPENAI_API_KEY"), "anthropic": dg.EnvVar("ANTHROPIC_API_KEY")}
"""Where keys come from, unless a spec's `api_key_env` names another variable. No key is ever in a run's config."""

PARTITIONS = {kind: dg.DynamicPartitionsDefinition(name=f"sampling_{kind}") for kind in PROVIDER_KINDS}

SEPARATOR = "|"


def partition_name(key: PartitionKey) -> str:
    """A partition's name in the UI: `task|model|condition`."""
    return SEPARATOR.join(key)


def experiment_specs(layout: Layout) -> dict[Path, ExperimentSpec]:
    """The specs in the warehouse's `experiments/` folder, by file.

    Raises:
        ingestion.sampling.SpecError: if one is wrong; the message names file, field, value and fix.
    """
    return {path: load_spec(path) for path in visible(layout.experiments.glob("*.y*ml"))}


def experiments(layout: Layout) -> dict[str, dict[str, ExperimentSpec]]:
    """For each kind of provider: partition name → the experiment that plans it; of two, the first by file name.

    Raises:
        ingestion.sampling.SpecError: see `experiment_specs`.
    """
    found: dict[str, dict[str, ExperimentSpec]] = {kind: {} for kind in PROVIDER_KINDS}
    for spec in experiment_specs(layout).values():
        for key, model in partition_keys(spec).items():
            found[spec.provider(model.provider).kind].setdefault(partition_name(key), spec)
    return found


def responses_key(kind: str) -> dg.AssetKey:
    """The asset of the responses of one kind of provider."""
    return dg.AssetKey(["raw", f"responses_{kind}"])


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
        description=f"Verbatim responses, journalled and fsynced before they count. Provider: {PROVIDER_KINDS[kind]}."
        f"{key_note} A partition draws only the items, contexts and epochs that are missing.",
    )
    def responses(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        layout = warehouse.layout
        names = context.partition_keys
        drawn, by_status, missing = Counter[str](), Counter[str](), list[str]()
        cost, is_passing = 0.0, True
        try:
            planned = experiments(layout)[kind]
            for name in names:
                if name not in planned:
                    context.log.warning(
                        f"no experiment in {layout.experiments} plans {name} any more; its samples stay"
                    )
                    continue
                key = PartitionKey(*name.split(SEPARATOR))
                summary = sample(planned[name], layout, partition=key, report=reporter(context, name))
                drawn.update(n_drawn=summary.n_drawn, n_errors=summary.n_errors)
                cost += summary.cost_usd
                by_status.update(summary.n_by_status())
                if summary.n_missing:
                    missing.append(f"{name}: {summary.n_missing} samples are missing ({summary.stopped or 'errors'})")
                    is_passing &= summary.stopped is None
        except (SpecError, TaskError, MissingKeyError, SamplingError) as error:
            # Where a person has to put something right, another try would not.
            raise dg.Failure(str(error), allow_retries=not getattr(error, "needs_person", True)) from error
        if missing:
            raise dg.Failure("\n".join(missing), allow_retries=is_passing)
        input_tokens, output_tokens = _tokens(layout, names)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": by_status.total(),
                **drawn,
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
