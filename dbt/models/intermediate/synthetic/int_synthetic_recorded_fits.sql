with

models as (
    select * from {{ ref("recorded_optimizer_scale") }}
),

fits as (
    {{ scale_fits("models") }}
)

select * from fits
