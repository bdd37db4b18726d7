with

fits as (
    select * from {{ ref("int_ensembling_fits") }}
    where decomposition = 'brier' and measure = 'variance_unbiased'
)

select
    'ensembling_removes_variance' as finding,
    task,
    cast(null as varchar) as problem_id,
    model_id,
    condition_id,
    cast(null as double) as temperature,
    cast(null as varchar) as length_axis,
    decomposition,
    'log-log slope of Brier variance over the size of the ensemble' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    n_items as n,
    {{
        words(
            "'the variance of averaged answers goes as the power '",
            in_words("slope"),
            "' of how many are averaged '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_items", "items"),
            "'; independent samples give −1.00'",
        )
    }} as told,
    -- In proportion: the whole interval is within a quarter of −1. A steeper or flatter power is another finding.
    case
        when slope_ci_low >= -1.25 and slope_ci_high <= -0.75 then 'holds'
        when slope_ci_low > -0.75 or slope_ci_high < -1.25 then 'does_not_hold'
        else 'cannot_tell'
    end as precondition
from fits
