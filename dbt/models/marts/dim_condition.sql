with

conditions as (
    select * from {{ ref("stg_conditions") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
),

sample_counts as (
    select
        condition_id,
        count(*) as n_samples,
        count(*) filter (where status = 'error') as n_errors
    from samples
    group by condition_id
),

named as (
    select condition_id from conditions
    union
    select condition_id from sample_counts
),

asked as (
    select distinct
        task,
        condition_id
    from samples
),

-- Settings without words of their own, as another prompt template, differ in the id alone.
alike as (
    select condition_id
    from asked
    inner join conditions using (condition_id)
    qualify count(*) over (partition by task, condition_label) > 1
)

select
    ---------- ids
    condition_id,

    ---------- text
    coalesce(
        conditions.condition_label || case
            when condition_id in (select alike.condition_id from alike)
                then ' · ' || regexp_extract(condition_id, '[^-]+$')
            else ''
        end,
        condition_id
    ) as condition_label,
    conditions.prompt_format,
    conditions.reasoning_budget,
    conditions.settings,

    ---------- numbers
    conditions.n_shots,
    conditions.temperature,
    conditions.top_p,
    conditions.top_k,
    conditions.max_tokens,
    coalesce(sample_counts.n_samples, 0) as n_samples,
    coalesce(sample_counts.n_errors, 0) as n_errors
from named
left join conditions using (condition_id)
left join sample_counts using (condition_id)
order by condition_id
