with

buckets as (
    select * from {{ ref("int_wait_ratio") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

fits as (
    {{ log_log_fit("buckets", "wait_ratio", "incoherence", length_keys(), floor=var("zero_error")) }}
)

select
    {{ length_figure_keys("fits") }},
    {{ columns_of("fits", fit_columns()) }}
from fits
inner join models on fits.model_id = models.model_id
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis
