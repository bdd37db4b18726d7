with

fits as (
    select * from {{ ref("int_synthetic_by_scale_fits") }}
    -- The ratio's slope is how much faster bias² falls than variance; the findings use it.
    where measure <> 'bias_sq_over_variance'
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
)

select
    problem_id,
    problems.profile,
    fits.decomposition,
    fits.starts,
    fits.temperature,
    fits.measure,
    fits.slope,
    fits.slope_ci_low,
    fits.slope_ci_high,
    fits.intercept,
    fits.r2,
    fits.n_points,
    fits.n_dropped
from fits
inner join problems using (problem_id)
order by problem_id, decomposition, starts, temperature, measure
