{% set keys = pool_keys() + ["decomposition", "ensemble_size"] %}
{% set aggregates = [
    "min(n_ensembles) as n_ensembles",
    incoherence("avg(variance_unbiased)", "avg(error)") ~ " as incoherence_unbiased",
] %}

with

items as (
    select * from {{ ref("int_ensemble_items") }}
),

pooled as (
    {{ pooled_incoherence("items", keys, aggregates=aggregates, means=["bias_sq_unbiased", "variance_unbiased"]) }}
)

select
    {{ keys | join(", ") }},
    n_items,
    n_ensembles,
    {{ with_interval() }},
    incoherence,
    incoherence_ci_low,
    incoherence_ci_high,
    {{ with_interval("", ["bias_sq_unbiased", "variance_unbiased"]) }},
    incoherence_unbiased
from pooled
