{% set keys = rollout_keys() + ["decomposition", "step"] %}

with

starts as (
    select * from {{ ref("int_synthetic_start_decomposition") }}
),

pooled as (
    {{
        pooled_incoherence(
            "starts", keys, unit="start_id", n_units="n_starts",
            aggregates=["cast(sum(n_points) as bigint) as n_points"],
            means=["bias_sq_share", "bias_sq_unbiased", "variance_unbiased"],
            samples="case decomposition when 'pooled' then 2 else n_points end", floor=0, is_gated=false
        )
    }}
)

select
    {{ keys | join(", ") }},
    n_starts,
    n_points,
    error,
    error_ci_low,
    error_ci_high,
    bias_sq,
    bias_sq_share_ci_low as bias_sq_ci_low,
    bias_sq_share_ci_high as bias_sq_ci_high,
    variance,
    variance_ci_low,
    variance_ci_high,
    bias_sq_unbiased,
    variance_unbiased,
    {{ incoherence_columns() }}
from pooled
