with

fits as (
    select * from {{ ref("int_incoherence_by_reasoning_length_fits") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ length_figure_keys("fits") }},
    fits.measure,
    fits.slope,
    fits.slope_ci_low,
    fits.slope_ci_high,
    fits.intercept,
    fits.r2,
    fits.n_points,
    fits.n_dropped
from fits
inner join models on fits.model_id = models.model_id
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, measure
