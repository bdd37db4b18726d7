{% set keys = pool_keys() + ["decomposition", "grouped_by", "item_group"] %}
{% set aggregates = ["cast(sum(n_samples) as bigint) as n_samples"] %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding')
),

labels as (
    select * from {{ ref("stg_items") }}
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
    {% for label in ["human_difficulty", "subject", "subset"] %}
        select
            items.*,
            '{{ label }}' as grouped_by,
            labels.{{ label }} as item_group
        from items
        inner join labels on items.task = labels.task and items.item_id = labels.item_id
        where labels.{{ label }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

pooled as (
    {{ pooled_incoherence("labelled", keys, aggregates=aggregates, shares=["accuracy"], contexts="contexts") }}
),

-- One order for all models of a task.
accuracies as (
    select
        task,
        grouped_by,
        item_group,
        {{ steady("avg(accuracy)") }} as mean_accuracy
    from labelled
    group by task, grouped_by, item_group
),

ranks as (
    select
        task,
        grouped_by,
        item_group,
        row_number() over (
            partition by task, grouped_by order by mean_accuracy desc nulls last, item_group asc
        ) as label_rank
    from accuracies
)

select
    {{ pool_figure_keys("pooled") }},
    pooled.decomposition,
    {{ is_main_decomposition("pooled") }},
    pooled.grouped_by,
    ranks.label_rank,
    pooled.item_group,
    pooled.n_items,
    pooled.n_samples,
    pooled.accuracy,
    pooled.accuracy_ci_low,
    pooled.accuracy_ci_high,
    {{ with_interval("pooled") }},
    {{ incoherence_columns("pooled") }}
from pooled
inner join ranks
    on pooled.task = ranks.task and pooled.grouped_by = ranks.grouped_by and pooled.item_group = ranks.item_group
{{ join_pools("pooled") }}
inner join models on pooled.model_id = models.model_id
inner join conditions on pooled.condition_id = conditions.condition_id
order by task, grouped_by, label_rank, model_id, condition_id, decomposition
