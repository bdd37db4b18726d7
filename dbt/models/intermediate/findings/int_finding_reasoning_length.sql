with

pools as (
    select * from {{ ref("int_pools") }}
),

told as (
    select fits.*
    from {{ ref("int_incoherence_by_reasoning_length_fits") }} as fits
    {{ join_pools("fits") }}
    where fits.measure = 'incoherence' and {{ is_told("fits") }}
)

select
    'longer_reasoning_more_incoherent' as finding,
    task,
    cast(null as varchar) as problem_id,
    model_id,
    condition_id,
    cast(null as double) as temperature,
    length_axis,
    decomposition,
    'log-log slope of incoherence over length' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    n_points as n,
    {{
        words(
            incoherence_in_words(),
            "' goes as the power '",
            in_words("slope"),
            "' of '",
            "replace(length_axis, '_', ' ')",
            "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "buckets"),
        )
    }} as told,
    'holds' as precondition
from told
