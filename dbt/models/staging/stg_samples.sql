{{ config(materialized="table") }}

with

samples as (
    {{ rows_that_count("samples") }}
),

items as (
    select * from {{ ref("stg_items") }}
),

imports as (
    select * from {{ source("raw", "imports") }}
),

names as (
    select * from {{ ref("stg_model_names") }}
),

copied as (
    select
        sample_id,
        count(*) - 1 as n_superseded
    from samples
    group by sample_id
    having count(*) > 1
),

-- Only samples that have copies are ranked: ranking all of them took longer than everything else.
latest_copies as (
    select
        samples.*,
        copied.n_superseded
    from samples
    inner join copied on samples.sample_id = copied.sample_id
    qualify row_number() over (
        partition by samples.sample_id
        order by {{ last_import_first() }}
    ) = 1
),

latest as (
    select
        *,
        0 as n_superseded
    from samples
    where sample_id not in (select sample_id from copied)

    union all

    select * from latest_copies
)

select
    ---------- ids
    latest.sample_id,
    latest.task,
    names.model_id,
    latest.model_id as source_model_id,
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
    latest.system_fingerprint,
    latest.finish_reason,
    -- A log that keeps no reason to stop is known by what its importer found.
    coalesce(lower(latest.finish_reason) in ('{{ var("cut_off_reasons") | join("', '") }}'), false)
    or coalesce(latest.error = 'cut off while reasoning', false) as is_cut_off,

    ---------- answer
    coalesce(imports.is_judged, true) as is_judged_file,
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
inner join names on latest.model_id = names.source_model_id
left join imports on latest.import_id = imports.import_id
