{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(reference_length) as reference_length",
] %}

with

items as (
    select * from {{ ref("int_items_by_model_scale") }}
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

families as (
    select * from {{ ref("int_reference_models") }}
),

pooled as (
    {{
        pooled_incoherence(
            "items", scale_keys() + ["model_id", "param_count"], aggregates=aggregates, shares=["accuracy"],
            contexts="contexts"
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
    {{ incoherence_columns() }}
from pooled
inner join families
    on
        pooled.task = families.task
        and pooled.condition_id = families.condition_id
        and pooled.model_family = families.model_family
