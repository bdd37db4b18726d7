with

buckets as (
    select * from {{ ref("int_incoherence_by_reasoning_length") }}
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
    {{ length_figure_keys("buckets") }},
    buckets.bucket,
    buckets.n_items,
    buckets.n_samples,
    buckets.mean_length,
    buckets.min_length,
    buckets.max_length,
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
