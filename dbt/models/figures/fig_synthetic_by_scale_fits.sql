{% set keys = ["problem_id", "profile", "decomposition", "starts", "temperature", "measure"] %}

with

fits as (
    select * from {{ ref("int_synthetic_by_scale_fits") }}
),

recorded_fits as (
    select * from {{ ref("int_synthetic_recorded_fits") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

recorded_runs as (
    select * from {{ ref("recorded_optimizer_runs") }}
),

own as (
    select
        fits.*,
        problems.profile
    from fits
    inner join problems using (problem_id)
),

recorded as (
    select
        recorded_fits.*,
        recorded_runs.profile
    from recorded_fits
    inner join recorded_runs using (problem_id)
),

shown as (
    {{ beside_recorded("own", "recorded", keys + fit_columns() + ["n_sizes"]) }}
)

select * from shown
order by source, problem_id, decomposition, starts, temperature, measure
