{% set size = var("synthetic_max_dimension") | int %}

with

points as (
    select * from {{ ref("int_synthetic_points") }}
    where replicate = 0 and start_id < {{ var("n_trajectories") }}
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
    temperature,
    points.start_id,
    points.step,
    {{ quadratic_form("problems.a_matrix", "problems.dimension", "product_of", "offset") }} / 2 as objective
from points
inner join models using (problem_id, model_id, temperature)
inner join problems using (problem_id)
order by problem_id, model_id, temperature, start_id, step
