{% set keys = ["task", "condition_id", "model_family", "decomposition", "length_axis"] %}

with

buckets as (
    select * from {{ ref("int_incoherence_by_reasoning_length") }}
),

families as (
    select * from {{ ref("int_reference_models") }}
),

models as (
    select * from {{ ref("dim_model") }}
    where model_family is not null and param_count is not null
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

points as (
    select
        buckets.*,
        models.model_family,
        models.param_count
    from buckets
    inner join models on buckets.model_id = models.model_id
    qualify
        min(models.param_count) over (partition by buckets.task, buckets.condition_id, models.model_family)
        < max(models.param_count) over (partition by buckets.task, buckets.condition_id, models.model_family)
),

fits as (
    {{ log_log_plane("points", "mean_length", "param_count", "incoherence", keys, floor=var("zero_error")) }}
)

select
    fits.task,
    fits.condition_id,
    fits.model_family,
    fits.decomposition,
    {{ is_main_decomposition("fits", "families") }},
    fits.length_axis,
    {{ is_main_length_axis("fits", "families") }},
    conditions.condition_label,
    fits.slope_x as slope_length,
    fits.slope_x_ci_low as slope_length_ci_low,
    fits.slope_x_ci_high as slope_length_ci_high,
    fits.slope_z as slope_scale,
    fits.slope_z_ci_low as slope_scale_ci_low,
    fits.slope_z_ci_high as slope_scale_ci_high,
    fits.intercept,
    fits.r2,
    fits.n_points,
    fits.n_dropped
from fits
inner join families
    on
        fits.task = families.task
        and fits.condition_id = families.condition_id
        and fits.model_family = families.model_family
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_family, condition_id, decomposition, length_axis
