{% set keys = pool_keys() + ["decomposition", "ensemble_size"] %}
{% set aggregates = [
    "min(n_ensembles) as n_ensembles",
    "avg(bias_sq_unbiased) as bias_sq_unbiased",
    "avg(variance_unbiased) as variance_unbiased",
    incoherence("avg(variance_unbiased)", "avg(error)") ~ " as incoherence_unbiased",
] %}

with

items as (
    select * from {{ ref("int_ensemble_items") }}
),

pooled as (
    {{ pooled_incoherence("items", keys, aggregates=aggregates) }}
)

select
    {{ keys | join(", ") }},
    n_items,
    n_ensembles,
    error,
    bias_sq,
    variance,
    incoherence,
    incoherence_ci_low,
    incoherence_ci_high,
    bias_sq_unbiased,
    variance_unbiased,
    incoherence_unbiased
from pooled
