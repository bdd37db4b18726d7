with

differences as (
    select * from {{ ref("int_overthinking_difference") }}
    qualify {{ is_main_decomposition() }}
),

main_axis as (
    select * from differences
    qualify {{ is_main_length_axis() }}
)

select
    'overthinking_more_incoherent' as finding,
    task,
    cast(null as varchar) as problem_id,
    model_id,
    condition_id,
    cast(null as double) as temperature,
    length_axis,
    decomposition,
    'incoherence at or above the median length minus below it, corrected for few samples' as statistic_name,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high,
    n_items as n,
    {{
        words(
            incoherence_in_words(),
            "', corrected for few samples, is '",
            level_in_words("incoherence_shorter"),
            "' where an item takes fewer '",
            "replace(length_axis, '_', ' ')",
            "' than its median and '",
            level_in_words("incoherence_longer"),
            "' elsewhere, a difference of '",
            in_words("difference"),
            "' '",
            interval_in_words("difference_ci_low", "difference_ci_high", "n_items", "items"),
        )
    }} as told,
    'holds' as precondition
from main_axis
