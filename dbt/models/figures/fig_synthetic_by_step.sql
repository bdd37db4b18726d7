with

decompositions as (
    select * from {{ ref("int_synthetic_decomposition") }}
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
    starts,
    temperature,
    decompositions.decomposition,
    decompositions.step,
    decompositions.n_starts,
    decompositions.n_points,
    decompositions.error,
    decompositions.bias_sq,
    decompositions.variance,
    decompositions.incoherence,
    decompositions.incoherence_ci_low,
    decompositions.incoherence_ci_high
from decompositions
inner join models using ({{ rollout_keys() | join(", ") }})
inner join problems using (problem_id)
order by problem_id, model_id, starts, temperature, decomposition, step
