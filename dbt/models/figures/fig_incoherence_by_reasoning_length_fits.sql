with

fits as (
    select * from {{ ref("int_incoherence_by_reasoning_length_fits") }}
),

pools as (
    select * from {{ ref("int_pools") }}
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
    {{ columns_of("fits", fit_columns()) }}
from fits
{{ join_pools("fits") }}
inner join models on fits.model_id = models.model_id
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, measure
