with

contrasts as (
    select * from {{ ref("int_overthinking_against_budgets") }}
)

select
    'overthinking_beats_budgets' as finding,
    task,
    case when n_models = 1 then model_id end as model_id,
    high_condition_id as condition_id,
    length_axis,
    decomposition,
    n_models,
    is_simulated,
    'rise of incoherence with thinking longer than usual minus its fall from the smallest to the largest budget'
        as statistic_name,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high,
    degrees_of_freedom,
    n_items as n,
    'items' as n_unit,
    n_wrong_items,
    mean_samples,
    cost_usd_per_sample,
    interval_note,
    {{ budgets_id("length_axis") }} as fit_id,
    is_told,
    {{
        verdict("overthinking_effect_ci_low", "overthinking_effect_ci_high", var("negligible_difference"))
    }} as precondition,
    {{ reach("overthinking_effect", "overthinking_effect_error", var("negligible_difference")) }} as precondition_reach,
    overthinking_effect_freedom as precondition_freedom,
    {{
        words(
            "'thinking longer than usual changes '", metric_in_words(), "' by '", in_words("overthinking_effect"), "' '",
            ends_in_words("overthinking_effect_ci_low", "overthinking_effect_ci_high"), "' at the item''s own accuracy, the largest budget instead of the smallest by '", in_words("-budget_effect"),
            "', together '", in_words("difference"), "' '",
            interval_in_words("difference_ci_low", "difference_ci_high", "n_items", "'items'"),
        )
    }} as told,
    {{ without_columns("problem_id", "temperature", "share_from_samples", "n_contexts", "share_from_contexts") }}
from contrasts
