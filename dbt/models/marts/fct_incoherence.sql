{% set keys = pool_keys() | join(", ") %}
{% set aggregates = ["cast(sum(n_samples) as bigint) as n_samples"] %}
{% set corrected_parts = ["bias_sq_unbiased", "variance_unbiased"] %}

with

items as (
    select * from {{ ref("fct_item_decomposition") }}
),

samples as (
    select * from {{ ref("int_item_samples") }}
),

pools as (
    select * from {{ ref("int_pools") }}
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
    {{
        pooled_incoherence(
            "items",
            pool_keys() + ["decomposition"],
            aggregates=aggregates,
            means=corrected_parts,
            shares=["accuracy", "mean_score"]
        )
    }}
),

corrected as (
    {{ corrected_incoherence("items", pool_keys() + ["decomposition"]) }}
)

select
    ---------- ids
    {{ keys }},
    decomposition,
    {{ is_main_decomposition("pooled") }},

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
    {{ with_interval("pooled", ["mean_score"]) }},

    ---------- decomposition
    {{ with_interval("pooled") }},
    -- Zero-one does not add up over items: its bias and variance are reported, and no ratio of them.
    case when decomposition <> 'zero_one' then pooled.incoherence end as incoherence,
    case when decomposition <> 'zero_one' then pooled.incoherence_ci_low end as incoherence_ci_low,
    case when decomposition <> 'zero_one' then pooled.incoherence_ci_high end as incoherence_ci_high,
    {{ with_interval("pooled", corrected_parts) }},
    {{ with_interval("corrected", ["incoherence_unbiased"]) }}
from pooled
inner join counts using ({{ keys }})
inner join pools using ({{ keys }})
left join corrected using ({{ keys }}, decomposition)
order by {{ keys }}, decomposition
