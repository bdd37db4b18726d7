with

shares as (
    select * from {{ ref("int_failure_mode_shares") }}
),

spans as (
    select * from {{ ref("int_failure_mode_spans") }}
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
    coalesce(spans.n_items_least, 0) / cast(shares.n_items as double) as share_of_items_least,
    coalesce(spans.n_items_most, 0) / cast(shares.n_items as double) as share_of_items_most
from shares
left join spans using ({{ pool_keys() | join(", ") }}, failure_mode)
inner join models on shares.model_id = models.model_id
inner join conditions on shares.condition_id = conditions.condition_id
order by task, model_id, condition_id, failure_mode_rank
