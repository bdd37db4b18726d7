with

fits as (
    select * from {{ ref("int_synthetic_by_scale_fits") }}
    where decomposition = 'per_start' and starts = 'standard'
),

slopes as (
    select
        problem_id,
        decomposition,
        temperature,
        max(slope) filter (where measure = 'bias_sq') as bias_slope,
        max(slope) filter (where measure = 'variance') as variance_slope
    from fits
    group by problem_id, decomposition, temperature
),

-- ln bias² − ln variance over ln N: its slope is the difference of the two slopes, and the same models pair the points.
differences as (
    select * from fits
    where measure = 'bias_sq_over_variance'
)

select
    'synthetic_bias_falls_faster_than_variance' as finding,
    'synthetic_optimizer' as task,
    problem_id,
    cast(null as varchar) as model_id,
    cast(null as varchar) as condition_id,
    temperature,
    cast(null as varchar) as length_axis,
    decomposition,
    'log-log slope of bias² over parameters minus that of variance' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    n_points as n,
    {{
        words(
            "'with the number of parameters, bias² goes as the power '",
            in_words("bias_slope"),
            "' and variance as the power '",
            in_words("variance_slope"),
            "', a difference of '",
            in_words("slope"),
            "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "models"),
        )
    }} as told,
    'holds' as precondition
from differences
inner join slopes using (problem_id, decomposition, temperature)
