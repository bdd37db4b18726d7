with

differences as (
    select * from {{ ref("int_synthetic_step_difference") }}
    where decomposition = 'per_start' and starts = 'standard'
),

models as (
    select * from {{ ref("int_synthetic_models") }}
    where not is_teacher
)

select
    'synthetic_incoherence_rises_with_steps' as finding,
    'synthetic_optimizer' as task,
    problem_id,
    model_id,
    cast(null as varchar) as condition_id,
    temperature,
    cast(null as varchar) as length_axis,
    decomposition,
    'incoherence at the final step minus at the first' as statistic_name,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high,
    n_starts as n,
    {{
        words(
            "'incoherence goes from '",
            "coalesce(" ~ decimals("incoherence_first") ~ ", 'undefined')",
            "' at step '",
            "first_step",
            "' to '",
            "coalesce(" ~ decimals("incoherence_final") ~ ", 'undefined')",
            "' at step '",
            "differences.final_step",
            "', a difference of '",
            in_words("difference"),
            "' '",
            interval_in_words("difference_ci_low", "difference_ci_high", "n_starts", "starting points"),
        )
    }} as told,
    'holds' as precondition
from differences
inner join models using ({{ rollout_keys() | join(", ") }})
