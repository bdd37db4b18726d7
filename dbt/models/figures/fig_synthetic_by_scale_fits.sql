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
    {{ columns_of("fits", fit_columns()) }}
from fits
inner join problems using (problem_id)
order by problem_id, decomposition, starts, temperature, measure
