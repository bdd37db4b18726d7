{% set pool = pool_keys() | join(", ") %}

with

shares as (
    select * from {{ ref("int_failure_mode_shares") }}
),

spans as (
    select
        {{ pool }},
        failure_mode,
        min(share_of_items) as share_of_items_least,
        max(share_of_items) as share_of_items_most
    from shares
    group by {{ pool }}, failure_mode
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("shares") }},
    shares.failure_mode,
    shares.failure_mode_rank,
    shares.n_items,
    shares.n_items_unclassified,
    cast(round(shares.share_of_items * shares.n_items) as bigint) as n_items_of_mode,
    shares.share_of_items,
    shares.share_of_items_ci_low,
    shares.share_of_items_ci_high,
    spans.share_of_items_least,
    spans.share_of_items_most
from shares
inner join spans using ({{ pool }}, failure_mode)
inner join models on shares.model_id = models.model_id
inner join conditions on shares.condition_id = conditions.condition_id
where shares.is_rule
order by task, model_id, condition_id, failure_mode_rank
