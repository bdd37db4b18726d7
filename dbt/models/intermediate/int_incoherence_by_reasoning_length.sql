{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(mean_length) as mean_length",
    "min(mean_length) as min_length",
    "max(mean_length) as max_length",
    "avg(accuracy) as accuracy",
] %}

with

items as (
    select * from {{ ref("int_items_by_reasoning_length") }}
),

pooled as (
    {{ pooled_incoherence("items", length_keys() + ["bucket"], aggregates=aggregates) }}
)

select
    {{ length_keys() | join(", ") }},
    bucket,
    n_items,
    n_samples,
    mean_length,
    min_length,
    max_length,
    accuracy,
    error,
    bias_sq,
    variance,
    incoherence,
    incoherence_ci_low,
    incoherence_ci_high
from pooled
