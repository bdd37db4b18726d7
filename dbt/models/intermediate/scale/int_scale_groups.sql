{% set family = ["task", "condition_id", "model_family"] | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

reference_models as (
    select * from {{ ref("int_reference_models") }}
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where is_main_length_axis
),

labels as (
    select * from {{ ref("stg_items") }}
),

-- What was asked; where a model reports no length, labels still group.
items as (
    select
        {{ item_keys() | join(", ") }},
        coalesce(max(length_axis) over (partition by {{ pool_keys() | join(", ") }}), 'none') as length_axis,
        mean_length
    from samples
    left join lengths using ({{ item_keys() | join(", ") }})
),

ranked as (
    select
        {{ family }},
        reference_model_id,
        item_id,
        length_axis,
        mean_length,
        row_number() over (partition by {{ family }} order by mean_length asc nulls last, item_id asc) as position,
        count(mean_length) over (partition by {{ family }}) as n_reference_items
    from items
    inner join reference_models using (task, condition_id)
    where model_id = reference_model_id
),

bucketed as (
    select
        *,
        {{
            equal_count_bucket(
                "position", "n_reference_items", n_buckets("n_reference_items", var("max_scale_groups"))
            )
        }} as bucket
    from ranked
),

labelled as (
    {% for grouped_by, label in {
        "reference_length": "case when bucketed.mean_length is not null then cast(bucket as string) end",
        "human_difficulty": "labels.human_difficulty",
        "subject": "labels.subject",
    }.items() %}
        select
            bucketed.*,
            '{{ grouped_by }}' as grouped_by,
            {{ label }} as item_group
        from bucketed
        inner join labels on bucketed.task = labels.task and bucketed.item_id = labels.item_id
        where {{ label }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

grouped as (
    select
        *,
        {{ steady("avg(mean_length) over (partition by " ~ family ~ ", grouped_by, item_group)") }} as group_length
    from labelled
)

select
    {{ family }},
    reference_model_id,
    length_axis,
    grouped_by,
    -- From the group that the reference model is shortest on.
    dense_rank() over (
        partition by {{ family }}, grouped_by order by group_length asc nulls last, item_group asc
    ) as group_rank,
    item_group,
    item_id,
    mean_length as reference_length
from grouped
