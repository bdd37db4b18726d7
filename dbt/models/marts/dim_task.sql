with

items as (
    select * from {{ ref("stg_items") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
),

item_counts as (
    select
        task,
        count(*) as n_items,
        count(*) filter (where n_choices is not null) as n_choice_items,
        min(n_choices) as min_choices,
        max(n_choices) as max_choices
    from items
    group by task
),

sample_counts as (
    select
        task,
        count(*) as n_samples,
        count(distinct model_id) as n_models,
        count(distinct condition_id) as n_conditions
    from samples
    group by task
)

select
    task,
    n_items,
    n_choice_items,
    min_choices,
    max_choices,
    coalesce(n_samples, 0) as n_samples,
    coalesce(n_models, 0) as n_models,
    coalesce(n_conditions, 0) as n_conditions
from item_counts
left join sample_counts using (task)
order by task
