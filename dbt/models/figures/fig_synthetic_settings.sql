with

differences as (
    select * from {{ ref("int_synthetic_step_difference") }}
),

models as (
    select * from {{ ref("int_synthetic_models") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
)

select
    problem_id,
    problems.profile,
    model_id,
    models.param_count,
    models.is_teacher,
    differences.decomposition,
    starts,
    models.start_scale,
    models.jitter,
    temperature,
    differences.n_starts,
    differences.final_step,
    differences.incoherence_first,
    differences.incoherence_final,
    differences.difference,
    differences.difference_ci_low,
    differences.difference_ci_high
from differences
inner join models using ({{ rollout_keys() | join(", ") }})
inner join problems using (problem_id)
order by problem_id, decomposition, starts, temperature, param_count, model_id
