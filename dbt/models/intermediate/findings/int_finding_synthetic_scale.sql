with

fits as (
    select * from {{ ref("int_synthetic_by_scale_fits") }}
    where starts = 'standard'
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
    select
        *,
        -- Where each size was trained with several seeds, more seeds are what would decide.
        case
            when n_points <= n_sizes then 'sizes'
            else {{ words("'models ('", "n_sizes", "' more with each seed)'") }}
        end as n_unit,
        case
            when n_points <= n_sizes then 'sizes' else {{ words("'models of '", "n_sizes", "' sizes'") }}
        end as n_words
    from fits
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
    n_unit,
    case when slope_ci_low is null then 'no_fit' end as interval_note,
    problem_id as fit_id,
    decomposition = 'per_start' as is_told,
    {{ without_precondition() }},
    {{
        words(
            "'with the number of parameters, bias² goes as the power '", in_words("bias_slope"),
            "' and variance as the power '", in_words("variance_slope"), "', a difference of '", in_words("slope"), "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "n_words"),
        )
    }} as told,
    {{
        without_columns(
            "model_id", "condition_id", "length_axis", "n_wrong_items", "mean_samples", "share_from_samples", "n_contexts", "share_from_contexts",
            "cost_usd_per_sample"
        )
    }}
from differences
inner join slopes using (problem_id, decomposition, temperature)
