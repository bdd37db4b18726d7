{% set keys = pool_keys() + ["length_axis", "human_difficulty"] %}

with

lengths as (
    select * from {{ ref("int_item_lengths") }}
),

items as (
    select * from {{ ref("stg_items") }}
    where human_difficulty is not null
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

select * from means
order by {{ keys | join(", ") }}
