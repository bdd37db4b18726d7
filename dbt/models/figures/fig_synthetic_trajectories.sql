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
    models.seed,
    models.is_teacher,
    starts,
    temperature,
    points.start_id,
    points.step,
    points.offset_0,
    points.offset_1,
    {{ list_element("problems.a_matrix", 0) }} as curvature_00,
    {{ list_element("problems.a_matrix", 1) }} as curvature_01,
    {{ list_element("problems.a_matrix", "problems.dimension + 1") }} as curvature_11,
    {{ quadratic_form("problems.a_matrix", "problems.dimension", "product_of", "offset") }} / 2 as objective
from points
inner join models using ({{ rollout_keys() | join(", ") }})
inner join problems using (problem_id)
order by problem_id, model_id, starts, temperature, start_id, step
