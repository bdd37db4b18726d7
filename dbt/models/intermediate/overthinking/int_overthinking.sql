{% set group = length_keys() | join(", ") %}
{% set aggregates = [
    "cast(sum(n_samples) as bigint) as n_samples",
    "avg(mean_length) as mean_length",
] %}

with

items as (
    select * from {{ ref("int_overthinking_items") }}
),

split_items as (
    select * from items
    where has_both_halves
),

left_out as (
    select
        {{ group }},
        count(distinct item_id) filter (where not has_both_halves) as n_items_left_out
    from items
    group by {{ group }}
),

pooled as (
    {{ pooled_incoherence("split_items", length_keys() + ["half"], aggregates=aggregates, shares=["accuracy"]) }}
),

corrected_items as (
    select
        {{ group }},
        half,
        error,
        bias_sq_unbiased as bias_sq,
        variance_unbiased as variance
    from split_items
),

corrected as (
    {{ pooled_incoherence("corrected_items", length_keys() + ["half"], is_corrected=true) }}
)

select
    {{ group }},
    half,
    pooled.n_items,
    n_items_left_out,
    n_samples,
    mean_length,
    accuracy,
    accuracy_ci_low,
    accuracy_ci_high,
    {{ with_interval("pooled") }},
    pooled.incoherence,
    pooled.incoherence_ci_low,
    pooled.incoherence_ci_high,
    corrected.incoherence as incoherence_unbiased,
    corrected.incoherence_ci_low as incoherence_unbiased_ci_low,
    corrected.incoherence_ci_high as incoherence_unbiased_ci_high
from pooled
inner join corrected using ({{ group }}, half)
inner join left_out using ({{ group }})
