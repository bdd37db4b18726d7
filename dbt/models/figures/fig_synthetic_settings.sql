with

differences as (
    select * from {{ ref("int_synthetic_step_difference") }}
),

over_exact as (
    select * from {{ ref("int_synthetic_rise_over_exact") }}
),

models as (
    select * from {{ ref("int_synthetic_models") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

recorded as (
    select * from {{ ref("recorded_optimizer_settings") }}
),

own as (
    select
        {{ columns_of("differences", rollout_keys() + ["decomposition", "n_starts", "final_step"]) }},
        {{ columns_of("differences", ["incoherence_first", "incoherence_final"] + with_ends(["difference"])) }},
        {{ columns_of("over_exact", with_ends(["over_exact"])) }},
        models.param_count,
        models.seed,
        models.is_teacher,
        models.start_scale,
        models.jitter,
        problems.profile
    from differences
    inner join models using ({{ rollout_keys() | join(", ") }})
    inner join problems using (problem_id)
    left join over_exact
        on
            differences.problem_id = over_exact.problem_id
            and differences.model_id = over_exact.model_id
            and differences.starts = over_exact.starts
            and differences.temperature = over_exact.temperature
            and differences.decomposition = over_exact.decomposition
),

shown as (
    {{ beside_recorded("own", "recorded", setting_columns()) }}
)

select * from shown
order by source, problem_id, decomposition, starts, temperature, param_count, seed, model_id
