with

items as (
    select * from {{ ref("int_item_embedding") }}
),

labels as (
    select * from {{ ref("stg_items") }}
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where is_main_length_axis
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("items") }},
    items.embedding_model,
    coalesce(labels.subset, '') as subset,
    items.item_id,
    lengths.length_axis,
    lengths.mean_length,
    items.n_samples,
    items.variance,
    items.variance_unbiased
from items
inner join lengths
    on
        items.task = lengths.task
        and items.model_id = lengths.model_id
        and items.condition_id = lengths.condition_id
        and items.item_id = lengths.item_id
inner join labels on items.task = labels.task and items.item_id = labels.item_id
inner join models on items.model_id = models.model_id
inner join conditions on items.condition_id = conditions.condition_id
order by task, model_id, condition_id, embedding_model, item_id
