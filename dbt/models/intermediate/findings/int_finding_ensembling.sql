with

fits as (
    select * from {{ ref("int_ensembling_fits") }}
    where decomposition = 'brier' and measure = 'variance_unbiased'
),

models as (
    select * from {{ ref("int_models") }}
)

-- Algebra: the variance of a mean of independent answers is theirs over their number. Told is the distance from that.
select
    'ensembling_removes_variance' as finding,
    task,
    model_id,
    condition_id,
    decomposition,
    cast(1 as bigint) as n_models,
    is_simulated,
    'log-log slope of Brier variance over the size of the ensemble, plus 1' as statistic_name,
    slope + 1 as statistic,
    slope_ci_low + 1 as statistic_ci_low,
    slope_ci_high + 1 as statistic_ci_high,
    cast(n_items - 1 as double) as degrees_of_freedom,
    n_items as n,
    'items' as n_unit,
    case when slope_ci_low is null then 'no_fit' end as interval_note,
    {{ without_precondition() }},
    model_id as fit_id,
    true as is_told,
    {{
        words(
            "'the variance of averaged answers goes as the power '", in_words("slope"), "' of how many are averaged '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_items", "'items'"), "'; independent samples give −1.00'",
        )
    }} as told,
    {{
        without_columns(
            "problem_id", "temperature", "length_axis", "n_wrong_items", "mean_samples", "share_from_samples", "n_contexts", "share_from_contexts",
            "cost_usd_per_sample"
        )
    }}
from fits
inner join models using (model_id)
