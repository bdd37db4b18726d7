{% set keys = rollout_keys() + ["decomposition", "step"] %}

with

starts as (
    select * from {{ ref("int_synthetic_start_decomposition") }}
),

pooled as (
    {{
        pooled_incoherence(
            "starts", keys, n_units="n_starts", aggregates=["cast(sum(n_points) as bigint) as n_points"], floor=0
        )
    }}
)

select
    {{ keys | join(", ") }},
    n_starts,
    n_points,
    error,
    bias_sq,
    variance,
    incoherence,
    incoherence_ci_low,
    incoherence_ci_high
from pooled
