with

decompositions as (
    select * from {{ ref("int_synthetic_decomposition") }}
),

models as (
    select * from {{ ref("int_synthetic_models") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

recorded as (
    select * from {{ ref("recorded_optimizer_steps") }}
),

own as (
    select
        decompositions.*,
        problems.profile,
        models.param_count,
        models.seed,
        models.is_teacher
    from decompositions
    inner join models using ({{ rollout_keys() | join(", ") }})
    inner join problems using (problem_id)
),

shown as (
    {{ beside_recorded("own", "recorded", step_columns()) }}
)

select * from shown
order by source, problem_id, model_id, starts, temperature, decomposition, step
