with

fits as (
    select * from {{ ref("int_incoherence_by_reasoning_length_fits") }}
    where measure = 'incoherence'
    qualify {{ is_main_decomposition() }}
),

main_axis as (
    select * from fits
    qualify {{ is_main_length_axis() }}
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
from main_axis
