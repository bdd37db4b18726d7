{% set group = item_keys() | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

moments as (
    select * from {{ ref("int_item_context_moments") }}
),

-- A sample's miss is its probability less a constant of the class: both spread alike.
contexts as (
    select
        item_number,
        class_index,
        n_samples,
        total_miss / n_samples as mean_miss,
        total_sq_miss - total_miss * total_miss / n_samples as spread_sq
    from moments
),

means as (
    select
        item_number,
        class_index,
        sum(n_samples * mean_miss) / sum(n_samples) as grand_mean
    from contexts
    group by item_number, class_index
),

-- One-way analysis of variance with contexts of unequal size, per class.
classes as (
    select
        item_number,
        class_index,
        count(*) as n_contexts,
        sum(n_samples) as n_samples,
        (sum(n_samples) - sum(n_samples * n_samples) / sum(n_samples)) / nullif(count(*) - 1, 0) as n_per_context,
        sum(spread_sq) / nullif(sum(n_samples) - count(*), 0) as mean_sq_within,
        sum(n_samples * pow(mean_miss - grand_mean, 2)) / nullif(count(*) - 1, 0) as mean_sq_between
    from contexts
    inner join means using (item_number, class_index)
    group by item_number, class_index
),

summed as (
    select
        item_number,
        cast(max(n_contexts) as bigint) as n_contexts,
        cast(max(n_samples) as bigint) as n_samples,
        greatest(sum(mean_sq_within), 0e0) as variance_within,
        sum((mean_sq_between - mean_sq_within) / n_per_context) as variance_between
    from classes
    group by item_number
)

select
    {{ group }},
    n_contexts,
    n_samples,
    variance_within,
    variance_between
from summed
inner join numbers using (item_number)
-- Fewer contexts, or contexts of one sample each, cannot tell the two apart.
where n_contexts > 1 and n_samples > n_contexts
