{% set keys = ["problem_id", "temperature", "decomposition"] %}

with

sides as (
    select * from {{ ref("int_synthetic_sides") }}
    where starts = 'standard'
),

corrected as (
    select
        {{ keys | join(", ") }},
        model_id,
        start_id,
        side,
        error,
        variance_unbiased as variance
    from sides
),

bounds as (
    select
        problem_id,
        min(first_step) as first_step,
        max(final_step) as final_step
    from sides
    group by problem_id
),

contrasts as (
    {{ pooled_contrast("corrected", keys, "start_id", rise_against_exact()) }}
)

select
    'synthetic_incoherence_rises_with_steps' as finding,
    'synthetic_optimizer' as task,
    problem_id,
    case when n_models = 1 then model_id end as model_id,
    temperature,
    decomposition,
    n_models,
    false as is_simulated,
    'rise of incoherence from the first to the last step minus that of the exact optimizer' as statistic_name,
    statistic,
    statistic - half_width as statistic_ci_low,
    statistic + half_width as statistic_ci_high,
    degrees_of_freedom,
    n_units as n,
    'starting points' as n_unit,
    case when half_width is null then 'no_spread' end as interval_note,
    problem_id as fit_id,
    decomposition = 'per_start' as is_told,
    {{ without_precondition() }},
    {{
        words(
            "'incoherence goes from '", level_in_words("incoherence_learned_first"), "' at step '", "first_step", "' to '",
            level_in_words("incoherence_learned_final"), "' at step '", "final_step",
            "', that of the exact optimizer from the same starts to '", level_in_words("incoherence_exact_final"),
            "', a difference in rise of '", in_words("statistic"), "' '",
            interval_in_words("statistic - half_width", "statistic + half_width", "n_units", "'starting points'"),
        )
    }} as told,
    {{
        without_columns(
            "condition_id", "length_axis", "n_wrong_items", "mean_samples", "share_from_samples", "n_contexts", "share_from_contexts",
            "cost_usd_per_sample"
        )
    }}
from contrasts
inner join bounds using (problem_id)
