{% set keys = pool_keys() | join(", ") %}
{% set aggregates = ["cast(sum(n_samples) as bigint) as n_samples"] %}
{% set corrected_parts = ["bias_sq_unbiased", "variance_unbiased"] %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
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
        cast(sum(n_cut_off) as bigint) as n_cut_off,
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
            shares=["accuracy", "mean_score"],
            contexts="contexts"
        )
    }}
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
    n_cut_off,
    n_cut_off > {{ var("many_cut_off") }} * pooled.n_samples as is_often_cut_off,
    n_renormalised,
    n_errors,
    n_refused,
    pooled.accuracy,
    pooled.accuracy_ci_low,
    pooled.accuracy_ci_high,
    {{ with_interval("pooled", ["mean_score"]) }},

    ---------- decomposition
    {{ with_interval("pooled") }},
    {{ with_interval("pooled", corrected_parts) }},
    -- Zero-one does not add up over items: its bias and variance are reported, and no ratio of them.
    case when decomposition <> 'zero_one' then pooled.incoherence end as incoherence,
    {{ columns_of("pooled", corrected_columns()[:-1]) }},
    case when decomposition in ('zero_one', 'embedding') then 'no_ratio' else interval_note end as interval_note
from pooled
inner join counts using ({{ keys }})
inner join pools using ({{ keys }})
order by {{ keys }}, decomposition
