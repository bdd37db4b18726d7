{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(reference_length) as reference_length",
] %}

with

items as (
    select * from {{ ref("int_items_by_model_scale") }}
),

families as (
    select * from {{ ref("int_reference_models") }}
),

pooled as (
    {{
        pooled_incoherence(
            "items", scale_keys() + ["model_id", "param_count"], aggregates=aggregates, shares=["accuracy"]
        )
    }}
)

select
    {{ columns_of("pooled", scale_keys()) }},
    {{ is_main_decomposition("pooled", "families") }},
    pooled.model_id,
    param_count,
    n_items,
    n_samples,
    reference_length,
    accuracy,
    accuracy_ci_low,
    accuracy_ci_high,
    {{ with_interval() }},
    incoherence,
    incoherence_ci_low,
    incoherence_ci_high
from pooled
inner join families
    on
        pooled.task = families.task
        and pooled.condition_id = families.condition_id
        and pooled.model_family = families.model_family
