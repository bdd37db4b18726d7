with

conditions as (
    select * from {{ ref("int_conditions") }}
),

settings as (
    select * from {{ ref("int_condition_settings") }}
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

asked as (
    select distinct
        task,
        condition_id
    from samples
),

named as (
    select condition_id from conditions
    union
    select condition_id from asked
),

{{ condition_labels() }}

select
    ---------- ids
    condition_id,

    ---------- text
    coalesce(labels.condition_label, condition_id) as condition_label,
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
left join labels using (condition_id)
left join sample_counts using (condition_id)
order by condition_id
