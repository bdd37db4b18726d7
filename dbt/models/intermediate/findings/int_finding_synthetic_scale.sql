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
    temperature,
    decomposition,
    n_points as n_models,
    false as is_simulated,
    'log-log slope of bias² over parameters minus that of variance' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    cast(n_points - 2 as double) as degrees_of_freedom,
    n_points as n,
    'sizes' as n_unit,
    case when slope_ci_low is null then 'no_fit' end as interval_note,
    'holds' as precondition,
    {{
        words(
            "'with the number of parameters, bias² goes as the power '", in_words("bias_slope"),
            "' and variance as the power '", in_words("variance_slope"), "', a difference of '", in_words("slope"), "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "'sizes'"),
        )
    }} as told,
    {{
        without_columns(
            "model_id", "condition_id", "length_axis", "n_wrong_items", "mean_samples", "share_from_samples",
            "cost_usd_per_sample", "other_verdict", "other_told"
        )
    }}
from differences
inner join slopes using (problem_id, decomposition, temperature)
