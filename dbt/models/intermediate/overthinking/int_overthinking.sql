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
    select
        *,
        {{ error_share() }} as error_share,
        cast(null as double) as mode_margin,
        cast(null as double) as excess_agreement
    from items
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
    {{ incoherence_columns("pooled") }}
from pooled
inner join left_out using ({{ group }})
