{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "max(n_contexts) as n_item_contexts",
] %}

with

items as (
    select
        *,
        variance_within + variance_between as error,
        variance_within as bias_sq,
        variance_between as variance,
        variance_between as variance_unbiased
    from {{ ref("int_item_variance_components") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

-- The share between contexts is a ratio of sums as incoherence is, with the same interval.
pooled as (
    {{ pooled_incoherence("items", pool_keys(), aggregates=aggregates, is_gated=false) }}
)

select
    {{ pool_figure_keys("pooled") }},
    pooled.n_items,
    pooled.n_samples,
    pooled.n_item_contexts as n_contexts,
    pooled.error as variance_total,
    pooled.error_ci_low as variance_total_ci_low,
    pooled.error_ci_high as variance_total_ci_high,
    pooled.bias_sq as variance_within,
    pooled.bias_sq_ci_low as variance_within_ci_low,
    pooled.bias_sq_ci_high as variance_within_ci_high,
    pooled.variance as variance_between,
    pooled.variance_ci_low as variance_between_ci_low,
    pooled.variance_ci_high as variance_between_ci_high,
    pooled.incoherence_unbiased as share_between,
    pooled.incoherence_unbiased_ci_low as share_between_ci_low,
    pooled.incoherence_unbiased_ci_high as share_between_ci_high,
    pooled.n_effective,
    pooled.interval_note
from pooled
inner join models on pooled.model_id = models.model_id
inner join conditions on pooled.condition_id = conditions.condition_id
order by task, model_id, condition_id
