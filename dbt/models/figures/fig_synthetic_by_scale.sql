with

models as (
    select * from {{ ref("int_synthetic_by_scale") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
)

select
    problem_id,
    problems.profile,
    models.decomposition,
    models.model_id,
    models.param_count,
    models.starts,
    models.start_scale,
    models.jitter,
    models.temperature,
    models.final_step,
    models.validation_loss,
    problems.uniform_loss,
    models.n_starts,
    models.n_points,
    {{ with_interval("models", ["error", "bias_sq", "variance"]) }},
    models.bias_sq_unbiased,
    models.variance_unbiased,
    {{ incoherence_columns("models") }}
from models
inner join problems using (problem_id)
order by problem_id, decomposition, starts, temperature, param_count, model_id
