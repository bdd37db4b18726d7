{% set group = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

answers as (
    {{ answer_counts("samples", item_keys() + ["context_id"]) }}
),

probabilities as (
    {{ class_probabilities("answers", item_keys() + ["context_id"]) }}
),

contexts as (
    select
        {{ group }},
        context_id,
        class_index,
        sum(n_samples) as n_samples,
        sum(n_samples * prob) / sum(n_samples) as mean_prob,
        sum(n_samples * prob * prob) - sum(n_samples * prob) * sum(n_samples * prob) / sum(n_samples) as spread_sq
    from probabilities
    group by {{ group }}, context_id, class_index
),

means as (
    select
        {{ group }},
        class_index,
        sum(n_samples * mean_prob) / sum(n_samples) as grand_mean
    from contexts
    group by {{ group }}, class_index
),

-- One-way analysis of variance with contexts of unequal size, per class.
classes as (
    select
        {{ group }},
        class_index,
        count(*) as n_contexts,
        sum(n_samples) as n_samples,
        (sum(n_samples) - sum(n_samples * n_samples) / sum(n_samples)) / nullif(count(*) - 1, 0) as n_per_context,
        sum(spread_sq) / nullif(sum(n_samples) - count(*), 0) as mean_sq_within,
        sum(n_samples * pow(mean_prob - grand_mean, 2)) / nullif(count(*) - 1, 0) as mean_sq_between
    from contexts
    inner join means using ({{ group }}, class_index)
    group by {{ group }}, class_index
),

summed as (
    select
        {{ group }},
        cast(max(n_contexts) as bigint) as n_contexts,
        cast(max(n_samples) as bigint) as n_samples,
        greatest(sum(mean_sq_within), 0e0) as variance_within,
        sum((mean_sq_between - mean_sq_within) / n_per_context) as variance_between
    from classes
    group by {{ group }}
)

select * from summed
-- Fewer contexts, or contexts of one sample each, cannot tell the two apart.
where n_contexts > 1 and n_samples > n_contexts
