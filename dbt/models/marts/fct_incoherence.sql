{% set keys = pool_keys() | join(", ") %}
{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "sum(variance_unbiased) as total_variance_unbiased",
    "sum(error) filter (where variance_unbiased is not null) as total_error_corrected",
    "avg(error) filter (where variance_unbiased is not null) as mean_error_corrected",
] %}

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
)

select
    ---------- ids
    {{ keys }},
    decomposition,

    ---------- samples
    n_items,
    n_items_without_samples,
    n_samples,
    n_format_failures,
    n_renormalised,
    n_errors,
    n_refused,
    accuracy,
    accuracy_ci_low,
    accuracy_ci_high,

    ---------- decomposition
    error,
    bias_sq,
    variance,
    -- Zero-one does not add up over items: its bias and variance are reported, and no ratio of them.
    case when decomposition <> 'zero_one' then incoherence end as incoherence,
    case when decomposition <> 'zero_one' then incoherence_ci_low end as incoherence_ci_low,
    case when decomposition <> 'zero_one' then incoherence_ci_high end as incoherence_ci_high,
    case
        when mean_error_corrected > {{ var("zero_error") }}
            then total_variance_unbiased / total_error_corrected
    end as incoherence_unbiased
from pooled
inner join counts using ({{ keys }})
order by {{ keys }}, decomposition
