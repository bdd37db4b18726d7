with

slopes as (
    select * from {{ ref("int_slope_verdicts") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    slopes.task,
    slopes.fit_scope,
    slopes.fit_id,
    case when slopes.fit_scope = 'model' then slopes.fit_id end as model_id,
    coalesce(models.model_family, case when slopes.fit_scope = 'family' then slopes.fit_id end) as model_family,
    models.param_count,
    slopes.is_simulated,
    slopes.condition_id,
    conditions.condition_label,
    conditions.prompt_format,
    conditions.reasoning_budget,
    slopes.decomposition,
    slopes.slope_over,
    slopes.length_axis,
    slopes.is_headline,
    slopes.n_models,
    slopes.n_items,
    slopes.n_effective,
    slopes.slope,
    slopes.slope_ci_low,
    slopes.slope_ci_high,
    slopes.degrees_of_freedom,
    slopes.p_value,
    slopes.verdict,
    slopes.interval_note,
    slopes.share_from_samples,
    slopes.n_contexts,
    slopes.n_more_items,
    slopes.n_more_samples_per_item,
    slopes.n_more_contexts
from slopes
left join models on slopes.fit_scope = 'model' and slopes.fit_id = models.model_id
inner join conditions on slopes.condition_id = conditions.condition_id
order by task, condition_id, slope_over, decomposition, length_axis, fit_scope, model_family, param_count, model_id
