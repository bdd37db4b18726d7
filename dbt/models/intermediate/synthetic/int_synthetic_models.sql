{% set keys = rollout_keys() | join(", ") %}

with

rollouts as (
    select * from {{ ref("stg_synthetic_rollouts") }}
),

training as (
    select * from {{ ref("stg_synthetic_training") }}
),

trained as (
    select
        problem_id,
        model_id,
        max(param_count) as param_count,
        max(seed) as seed
    from training
    group by problem_id, model_id
),

validated as (
    select
        problem_id,
        model_id,
        loss as validation_loss
    from training
    where split = 'validation'
    qualify row_number() over (partition by problem_id, model_id order by step desc) = 1
),

rolled_out as (
    select
        {{ keys }},
        max(start_scale) as start_scale,
        max(jitter) as jitter,
        bool_or(is_teacher) as is_teacher,
        max(step) as final_step
    from rollouts
    group by {{ keys }}
)

select
    {{ keys }},
    start_scale,
    jitter,
    is_teacher,
    param_count,
    seed,
    validation_loss,
    final_step
from rolled_out
left join trained using (problem_id, model_id)
left join validated using (problem_id, model_id)
