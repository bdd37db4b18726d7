with

models as (
    select * from {{ ref("int_synthetic_by_scale") }}
),

fits as (
    {{ scale_fits("models") }}
)

select * from fits
