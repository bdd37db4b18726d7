{% set keys = pool_keys() | join(", ") %}
{% set aggregates = ["cast(sum(n_samples) as bigint) as n_samples"] %}

with

items as (
    select * from {{ ref("fct_item_decomposition") }}
),

samples as (
    select * from {{ ref("int_item_samples") }}
),

counts as (
    select
        {{ keys }},
        count(*) filter (where n_samples = 0) as n_items_without_samples,
        cast(sum(n_format_failures) as bigint) as n_format_failures,
        cast(sum(n_renormalised) as bigint) as n_renormalised,
        cast(sum(n_errors) as bigint) as n_errors,
        cast(sum(n_refused) as bigint) as n_refused
    from samples
    group by {{ keys }}
),

pooled as (
    {{ pooled_incoherence("items", pool_keys() + ["decomposition"], aggregates=aggregates, shares=["accuracy"]) }}
),

-- Items of one sample say nothing about what few samples hide.
corrected_items as (
    select
        {{ keys }},
        decomposition,
        error,
        bias_sq_unbiased as bias_sq,
        variance_unbiased as variance
    from items
    where variance_unbiased is not null and error is not null
),

corrected as (
    {{ pooled_incoherence("corrected_items", pool_keys() + ["decomposition"]) }}
)

select
    ---------- ids
    {{ keys }},
    decomposition,

    ---------- samples
    pooled.n_items,
    n_items_without_samples,
    pooled.n_samples,
    n_format_failures,
    n_renormalised,
    n_errors,
    n_refused,
    pooled.accuracy,
    pooled.accuracy_ci_low,
    pooled.accuracy_ci_high,

    ---------- decomposition
    {{ with_interval("pooled") }},
    -- Zero-one does not add up over items: its bias and variance are reported, and no ratio of them.
    case when decomposition <> 'zero_one' then pooled.incoherence end as incoherence,
    case when decomposition <> 'zero_one' then pooled.incoherence_ci_low end as incoherence_ci_low,
    case when decomposition <> 'zero_one' then pooled.incoherence_ci_high end as incoherence_ci_high,
    -- Not cut to [0, 1]: a corrected estimate may leave it, and would be biased if it could not.
    case when corrected.incoherence is not null then corrected.variance / corrected.error end as incoherence_unbiased,
    corrected.incoherence_ci_low as incoherence_unbiased_ci_low,
    corrected.incoherence_ci_high as incoherence_unbiased_ci_high
from pooled
inner join counts using ({{ keys }})
left join corrected using ({{ keys }}, decomposition)
order by {{ keys }}, decomposition
