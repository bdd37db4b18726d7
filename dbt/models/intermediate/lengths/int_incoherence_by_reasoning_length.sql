{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(mean_length) as mean_length",
    "min(mean_length) as min_length",
    "max(mean_length) as max_length",
] %}

with

items as (
    select * from {{ ref("int_items_by_reasoning_length") }}
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

pooled as (
    {{
        pooled_incoherence(
            "items", length_keys() + ["bucket"], aggregates=aggregates, shares=["accuracy"], contexts="contexts"
        )
    }}
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
    accuracy_ci_low,
    accuracy_ci_high,
    {{ with_interval() }},
    {{ incoherence_columns() }}
from pooled
