{% set keys = pool_keys() + ["decomposition", "ensemble_size"] %}
{% set corrected_parts = ["bias_sq_unbiased", "variance_unbiased"] %}

with

items as (
    select * from {{ ref("int_ensemble_items") }}
),

pooled as (
    {{
        pooled_incoherence(
            "items", keys, aggregates=["min(n_ensembles) as n_ensembles"], means=corrected_parts, samples="n_ensembles"
        )
    }}
)

select
    {{ keys | join(", ") }},
    n_items,
    n_ensembles,
    {{ with_interval("pooled") }},
    {{ with_interval("pooled", corrected_parts) }},
    {{ incoherence_columns("pooled") }}
from pooled
