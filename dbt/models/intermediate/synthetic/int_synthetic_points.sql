{{ config(materialized=unstored()) }}

-- A view: at the scale of the paper these are 130 million rows, and two models read them once each.
with

rollouts as (
    select * from {{ ref("stg_synthetic_rollouts") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
)

select
    rollouts.problem_id,
    rollouts.model_id,
    rollouts.starts,
    rollouts.temperature,
    rollouts.start_id,
    rollouts.replicate,
    rollouts.step,
    {% for i in range(var("synthetic_max_dimension") | int) %}
        {{ list_element("rollouts.x", i) }} - {{ list_element("problems.minimum", i) }} as offset_{{ i }},
    {% endfor %}
    problems.dimension
from rollouts
inner join problems on rollouts.problem_id = problems.problem_id
