{% set keys = ["entity", "entity_group", "attribute"] %}

with

rankings as (
    select
        *,
        rank as mean_rank
    from {{ ref("stg_survey_rankings") }}
),

means as (
    {{ mean_with_interval("rankings", keys, "mean_rank", "n_raters") }}
)

select * from means
order by attribute, mean_rank, entity
