with

contrasts as (
    select * from {{ ref("int_overthinking_against_budgets") }}
)

select
    'overthinking_beats_budgets' as finding,
    task,
    cast(null as varchar) as problem_id,
    model_id,
    high_condition_id as condition_id,
    cast(null as double) as temperature,
    length_axis,
    decomposition,
    'rise of incoherence above the median length minus its fall from the smallest to the largest budget'
        as statistic_name,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high,
    n_items as n,
    {{
        words(
            "'thinking longer than usual changes '",
            incoherence_in_words(),
            "' by '",
            in_words("overthinking_effect"),
            "', the largest budget instead of the smallest by '",
            in_words("-budget_effect"),
            "', together '",
            in_words("difference"),
            "' '",
            interval_in_words("difference_ci_low", "difference_ci_high", "n_items", "items"),
        )
    }} as told,
    'holds' as precondition
from contrasts
