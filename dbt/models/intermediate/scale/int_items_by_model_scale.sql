with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding')
),

models as (
    select * from {{ ref("int_models") }}
    where param_count is not null
),

groups as (
    select * from {{ ref("int_scale_groups") }}
)

select
    ---------- ids
    groups.task,
    groups.condition_id,
    groups.model_family,
    groups.reference_model_id,
    groups.length_axis,
    items.decomposition,
    groups.grouped_by,
    groups.group_rank,
    groups.item_group,
    items.model_id,
    models.param_count,
    items.item_id,

    ---------- numbers
    groups.reference_length,
    items.n_samples,
    items.cluster_id,
    items.accuracy,
    items.error,
    items.bias_sq,
    items.variance,
    items.variance_unbiased,
    items.error_share,
    items.mode_margin,
    items.excess_agreement
from items
inner join models on items.model_id = models.model_id
inner join groups
    on
        items.task = groups.task
        and items.condition_id = groups.condition_id
        and models.model_family = groups.model_family
        and items.item_id = groups.item_id
