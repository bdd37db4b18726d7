with

buckets as (
    select * from {{ ref("int_wait_ratio") }}
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("buckets") }},
    buckets.decomposition,
    {{ is_main_decomposition("buckets") }},
    buckets.length_axis,
    buckets.bucket,
    buckets.n_items,
    buckets.n_samples,
    buckets.wait_ratio,
    buckets.mean_length,
    buckets.accuracy,
    buckets.accuracy_ci_low,
    buckets.accuracy_ci_high,
    {{ with_interval("buckets") }},
    {{ incoherence_columns("buckets") }}
from buckets
{{ join_pools("buckets") }}
inner join models on buckets.model_id = models.model_id
inner join conditions on buckets.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, bucket
