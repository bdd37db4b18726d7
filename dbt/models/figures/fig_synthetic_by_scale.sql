with

models as (
    select * from {{ ref("int_synthetic_by_scale") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

recorded as (
    select * from {{ ref("recorded_optimizer_scale") }}
),

own as (
    select
        models.*,
        problems.profile,
        problems.uniform_loss
    from models
    inner join problems using (problem_id)
),

shown as (
    {{ beside_recorded("own", "recorded", scale_columns()) }}
)

select * from shown
order by source, problem_id, decomposition, starts, temperature, param_count, seed, model_id
