{{ per_pool(all_at_once=true) }}

{% set pool = length_keys() | join(", ") %}
{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(wait_ratio) as wait_ratio",
    "avg(mean_length) as mean_length",
] %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

texts as (
    select
        sample_id,
        completion,
        nullif(reasoning, '') as reasoning
    from {{ ref("stg_sample_texts") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition in ('kl', 'brier')
),

-- The words of a text belong over the tokens of that text: hidden reasoning has tokens and no words.
read_texts as (
    select
        {{ columns_of("samples", item_keys()) }},
        coalesce(texts.reasoning, texts.completion) as read_text,
        case
            when texts.reasoning is not null and samples.reasoning_tokens is not null then 'reasoning_tokens'
            else 'output_tokens'
        end as length_axis,
        case
            when texts.reasoning is not null then coalesce(samples.reasoning_tokens, samples.output_tokens)
            else samples.output_tokens - coalesce(samples.reasoning_tokens, 0)
        end as n_tokens
    from samples
    inner join texts on samples.sample_id = texts.sample_id
),

waits as (
    select
        *,
        {{ n_words("read_text", "wait") }} as n_waits
    from read_texts
    where n_tokens > 0 and read_text is not null
),

ratios as (
    select
        {{ item_keys() | join(", ") }},
        length_axis,
        avg(n_tokens) as mean_length,
        sum(n_waits) / cast(sum(n_tokens) as double) as wait_ratio
    from waits
    group by {{ item_keys() | join(", ") }}, length_axis
),

-- A pool that never waits has nothing to sort by.
ranked as (
    select
        {{ pool }},
        item_id,
        n_samples,
        error,
        bias_sq,
        variance,
        variance_unbiased,
        error_share,
        mode_margin,
        excess_agreement,
        cluster_id,
        accuracy,
        mean_length,
        wait_ratio,
        row_number() over (partition by {{ pool }} order by wait_ratio, item_id) as position,
        count(*) over (partition by {{ pool }}) as n_pool_items
    from items
    inner join ratios using ({{ item_keys() | join(", ") }})
    qualify max(wait_ratio) over (partition by {{ pool }}) > 0
),

bucketed as (
    select
        *,
        {{ equal_count_bucket("position", "n_pool_items", n_buckets("n_pool_items")) }} as bucket
    from ranked
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

pooled as (
    {{
        pooled_incoherence(
            "bucketed", length_keys() + ["bucket"], aggregates=aggregates, shares=["accuracy"], contexts="contexts"
        )
    }}
)

select
    {{ pool }},
    bucket,
    n_items,
    n_samples,
    wait_ratio,
    mean_length,
    accuracy,
    accuracy_ci_low,
    accuracy_ci_high,
    {{ with_interval() }},
    {{ incoherence_columns() }}
from pooled
