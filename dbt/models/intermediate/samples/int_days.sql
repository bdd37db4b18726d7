{{ config(materialized=unstored()) }}

with

samples as (
    select * from {{ ref("stg_samples") }}
),

bounds as (
    select
        cast(min(created_at) as date) as first_day,
        cast(max(created_at) as date) as last_day
    from samples
),

days as (
    select
        {{ days_after("first_day", "position") }} as day,
        last_day
    from bounds
    {{ positions(36525, "position") }}
)

select day from days
where day <= last_day
