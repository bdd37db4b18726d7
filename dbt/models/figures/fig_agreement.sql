with

-- Two wrong options at least, or wrong answers could not but agree.
wrong_answers as (
    select * from {{ ref("int_item_outcomes") }}
    where outcome = 'wrong_answer' and n_classes > 2
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

-- Ordered pairs of wrong samples of one item, and those that agree.
pairs as (
    select
        {{ item_keys() | join(", ") }},
        max(n_classes) as n_classes,
        cast(sum(n_samples) as double) as n_wrong,
        sum(n_samples) * cast(sum(n_samples) - 1 as double) as error,
        cast(sum(n_samples * (n_samples - 1)) as double) as variance_unbiased
    from wrong_answers
    group by {{ item_keys() | join(", ") }}
    having sum(n_samples) > 1
),

items as (
    select
        pairs.*,
        clusters.cluster_id
    from pairs
    inner join clusters using (task, item_id)
),

-- The ratio of two sums over items, as incoherence is.
ratios as (
    {{ corrected_incoherence("items", pool_keys(), floor=0, is_gated=false) }}
),

counts as (
    select
        {{ pool_keys() | join(", ") }},
        count(*) as n_items,
        cast(sum(n_wrong) as bigint) as n_wrong_answers,
        cast(sum(error) / 2 as bigint) as n_wrong_pairs,
        sum(error / (n_classes - 1)) / sum(error) as agreement_at_random
    from items
    group by {{ pool_keys() | join(", ") }}
)

select
    {{ pool_figure_keys("counts") }},
    counts.n_items,
    counts.n_wrong_answers,
    counts.n_wrong_pairs,
    ratios.n_effective,
    ratios.incoherence_unbiased as agreement,
    ratios.incoherence_unbiased_ci_low as agreement_ci_low,
    ratios.incoherence_unbiased_ci_high as agreement_ci_high,
    {{ agreement_note("ratios.interval_note") }} as interval_note,
    counts.agreement_at_random
from counts
inner join ratios using ({{ pool_keys() | join(", ") }})
inner join models on counts.model_id = models.model_id
inner join conditions on counts.condition_id = conditions.condition_id
order by task, model_id, condition_id
