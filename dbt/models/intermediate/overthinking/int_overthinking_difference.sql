with

-- Halves hold different numbers of samples: as it is, the variance of the smaller one would look the smaller.
items as (
    select
        {{ length_keys() | join(", ") }},
        item_id,
        cluster_id,
        half,
        error,
        variance_unbiased,
        {{ error_share() }} as error_share,
        cast(null as double) as mode_margin,
        cast(null as double) as excess_agreement
    from {{ ref("int_overthinking_items") }}
    where has_both_halves
),

differences as (
    {{ paired_difference("items", length_keys(), "item_id", "half", "'shorter'", "'longer'") }}
)

select
    {{ length_keys() | join(", ") }},
    n_units as n_items,
    incoherence_1 as incoherence_shorter,
    incoherence_2 as incoherence_longer,
    difference,
    difference_ci_low,
    difference_ci_high,
    interval_note
from differences
