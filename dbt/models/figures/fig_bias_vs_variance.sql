with

own_length as (
    select * from {{ ref("int_incoherence_by_reasoning_length") }}
),

by_scale as (
    select * from {{ ref("int_incoherence_by_model_scale") }}
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

points as (
    select
        task,
        model_id,
        condition_id,
        decomposition,
        length_axis,
        'own_length' as grouped_by,
        bucket as group_rank,
        cast(bucket as string) as item_group,
        n_items,
        mean_length,
        {{ with_interval() }},
        {{ incoherence_columns() }}
    from own_length

    union all

    select
        task,
        model_id,
        condition_id,
        decomposition,
        length_axis,
        grouped_by,
        group_rank,
        item_group,
        n_items,
        reference_length,
        {{ with_interval() }},
        {{ incoherence_columns() }}
    from by_scale
)

select
    {{ length_figure_keys("points") }},
    points.grouped_by,
    points.group_rank,
    points.item_group,
    points.n_items,
    points.mean_length,
    {{ with_interval("points") }},
    {{ incoherence_columns("points") }}
from points
{{ join_pools("points") }}
inner join models on points.model_id = models.model_id
inner join conditions on points.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, grouped_by, group_rank
