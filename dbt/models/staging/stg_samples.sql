with

samples as (
    select * from {{ source("raw", "samples") }}
),

items as (
    select * from {{ ref("stg_items") }}
),

latest as (
    select
        *,
        count(*) over (partition by sample_id) - 1 as n_superseded
    from samples
    qualify row_number() over (
        partition by sample_id
        order by ingested_at desc, import_id desc nulls last
    ) = 1
)

select
    ---------- ids
    latest.sample_id,
    latest.task,
    latest.model_id,
    latest.condition_id,
    coalesce(items.item_id, latest.item_id) as item_id,
    latest.item_id as source_item_id,
    latest.answer_key_id,
    latest.context_id,
    latest.epoch,
    latest.import_id,
    latest.run_id,
    latest.source_ref,

    ---------- text
    latest.source,
    latest.run_status,
    latest.status,
    latest.served_model,
    latest.finish_reason,

    ---------- answer
    latest.choice_index,
    latest.class_probs,
    latest.score,

    ---------- numbers
    latest.input_tokens,
    latest.output_tokens,
    latest.reasoning_tokens,
    latest.n_actions,
    latest.latency_s,
    latest.cost_usd,
    latest.temperature,
    latest.seed,
    latest.n_superseded,

    ---------- times
    {{ utc("latest.created_at") }} as created_at,
    {{ utc("latest.ingested_at") }} as ingested_at
from latest
left join items
    on
        latest.task = items.task
        and latest.item_id = items.source_item_id
        and latest.answer_key_id = items.answer_key_id
