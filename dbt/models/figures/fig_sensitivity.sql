{% set keys = pool_keys() + ["kl_delta", "format_failures"] %}
{% set aggregates = ["cast(sum(n_samples) as bigint) as n_samples"] %}

with

items as (
    select
        settings.*,
        decompositions.cluster_id,
        decompositions.error_share,
        decompositions.mode_margin,
        decompositions.excess_agreement
    from {{ ref("int_item_kl_sensitivity") }} as settings
    inner join {{ ref("int_item_decomposition") }} as decompositions using ({{ item_keys() | join(", ") }})
    where decompositions.decomposition = 'kl'
),

contexts as (
    select * from {{ ref("int_item_kl_sensitivity_contexts") }}
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where is_main_length_axis
),

buckets as (
    select * from {{ ref("int_items_by_reasoning_length") }}
    where decomposition = 'kl'
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

pooled as (
    {{
        pooled_incoherence(
            "items", keys, aggregates=aggregates, contexts="contexts", context_keys=item_keys() + keys[3:]
        )
    }}
),

-- The same buckets at every setting, on the pool's main axis.
points as (
    select
        {{ columns_of("items", keys) }},
        buckets.bucket,
        avg(buckets.mean_length) as mean_length,
        {{ incoherence("avg(items.variance)", "avg(items.error)") }} as incoherence
    from items
    inner join lengths using ({{ item_keys() | join(", ") }})
    inner join buckets using ({{ item_keys() | join(", ") }}, length_axis)
    group by {{ columns_of("items", keys) }}, buckets.bucket
),

fits as (
    {{ log_log_fit("points", "mean_length", "incoherence", keys, floor=var("zero_error")) }}
)

select
    {{ pool_figure_keys("pooled") }},
    pooled.kl_delta,
    pooled.format_failures,
    pooled.n_items,
    pooled.n_samples,
    {{ with_interval("pooled") }},
    {{ incoherence_columns("pooled") }},
    fits.slope,
    fits.slope_ci_low,
    fits.slope_ci_high,
    fits.r2,
    coalesce(fits.n_points, 0) as n_points,
    coalesce(fits.n_dropped, 0) as n_dropped
from pooled
left join fits
    on
        pooled.task = fits.task
        and pooled.model_id = fits.model_id
        and pooled.condition_id = fits.condition_id
        and pooled.kl_delta = fits.kl_delta
        and pooled.format_failures = fits.format_failures
inner join models on pooled.model_id = models.model_id
inner join conditions on pooled.condition_id = conditions.condition_id
order by task, model_id, condition_id, format_failures, kl_delta
