with

items as (
    select * from {{ ref("int_overthinking_items") }}
    where has_both_halves
),

differences as (
    {{ paired_difference("items", length_keys(), "item_id", "half", "'below'", "'at_or_above'") }}
)

select
    {{ length_keys() | join(", ") }},
    n_units as n_items,
    incoherence_1 as incoherence_below,
    incoherence_2 as incoherence_at_or_above,
    difference,
    difference_ci_low,
    difference_ci_high
from differences
