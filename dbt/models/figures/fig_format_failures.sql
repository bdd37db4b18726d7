with

items as (
    select * from {{ ref("int_item_samples") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

pooled as (
    select
        {{ pool_keys() | join(", ") }},
        count(*) as n_items,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(n_format_failures) as bigint) as n_format_failures
    from items
    group by {{ pool_keys() | join(", ") }}
)

select
    {{ pool_figure_keys("pooled") }},
    pooled.n_items,
    pooled.n_samples,
    pooled.n_format_failures,
    pooled.n_format_failures / cast(pooled.n_samples as double) as failure_rate,
    {{ wilson("pooled.n_format_failures", "pooled.n_samples", "-") }} as failure_rate_ci_low,
    {{ wilson("pooled.n_format_failures", "pooled.n_samples", "+") }} as failure_rate_ci_high
from pooled
inner join models on pooled.model_id = models.model_id
inner join conditions on pooled.condition_id = conditions.condition_id
where pooled.n_samples > 0
order by task, model_id, condition_id
