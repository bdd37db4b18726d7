{% set keys = pool_keys() + ["length_axis", "human_difficulty"] %}

with

lengths as (
    select * from {{ ref("int_item_lengths") }}
),

items as (
    select * from {{ ref("stg_items") }}
    where human_difficulty is not null
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

labelled as (
    select
        lengths.*,
        items.human_difficulty
    from lengths
    inner join items on lengths.task = items.task and lengths.item_id = items.item_id
),

means as (
    {{ mean_with_interval("labelled", keys, "mean_length", "n_items") }}
)

select
    {{ pool_figure_keys("means") }},
    means.length_axis,
    {{ is_main_length_axis("means") }},
    means.human_difficulty,
    means.n_items,
    means.mean_length,
    means.mean_length_se,
    means.mean_length_ci_low,
    means.mean_length_ci_high
from means
{{ join_pools("means") }}
inner join models on means.model_id = models.model_id
inner join conditions on means.condition_id = conditions.condition_id
order by task, model_id, condition_id, length_axis, human_difficulty
