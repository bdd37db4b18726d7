{% set keys = pool_keys() + ["embedding_model", "subset", "length_axis"] %}

with

items as (
    select * from {{ ref("int_item_embedding") }}
),

labels as (
    select
        task,
        item_id,
        coalesce(subset, '') as subset
    from {{ ref("stg_items") }}
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
),

points as (
    select * from items
    inner join lengths using ({{ item_keys() | join(", ") }})
    inner join labels using (task, item_id)
),

fits as (
    {{ log_log_fit("points", "mean_length", "variance_unbiased", keys) }}
)

select
    {{ pool_figure_keys("fits") }},
    fits.embedding_model,
    fits.subset,
    fits.length_axis,
    {{ columns_of("fits", fit_columns()) }}
from fits
inner join models on fits.model_id = models.model_id
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_id, condition_id, embedding_model, subset, length_axis
