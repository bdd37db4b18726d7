with

decompositions as (
    select * from {{ ref("int_synthetic_decomposition") }}
),

models as (
    select * from {{ ref("int_synthetic_models") }}
    where not is_teacher
)

select
    decompositions.problem_id,
    decompositions.model_id,
    decompositions.starts,
    models.start_scale,
    models.jitter,
    decompositions.temperature,
    decompositions.decomposition,
    models.param_count,
    models.seed,
    models.final_step,
    models.validation_loss,
    decompositions.n_starts,
    decompositions.n_points,
    {{ with_interval("decompositions", ["error", "bias_sq", "variance"]) }},
    decompositions.bias_sq_unbiased,
    decompositions.variance_unbiased,
    {{ incoherence_columns("decompositions") }}
from decompositions
inner join models
    on
        decompositions.problem_id = models.problem_id
        and decompositions.model_id = models.model_id
        and decompositions.starts = models.starts
        and decompositions.temperature = models.temperature
        and decompositions.step = models.final_step
