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
    {{ with_interval("decompositions", ["error", "bias_sq", "variance"]) }},
    decompositions.bias_sq_unbiased,
    decompositions.variance_unbiased,
    {{ incoherence_columns("decompositions") }}
from decompositions
inner join models using ({{ rollout_keys() | join(", ") }})
inner join problems using (problem_id)
order by problem_id, model_id, starts, temperature, decomposition, step
