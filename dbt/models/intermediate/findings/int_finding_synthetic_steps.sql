{% set keys = ["problem_id", "temperature", "decomposition"] %}

with

starts as (
    select
        {{ rollout_keys() | join(", ") }},
        step,
        start_id,
        decomposition,
        error,
        variance_unbiased as variance
    from {{ ref("int_synthetic_start_decomposition") }}
    where decomposition = 'per_start' and starts = 'standard'
),

bounds as (
    select
        problem_id,
        min(step) as first_step,
        max(step) as final_step
    from starts
    group by problem_id
),

ends as (
    select
        starts.*,
        models.is_teacher,
        case when starts.step = bounds.first_step then 'first' else 'final' end as moment
    from starts
    inner join {{ ref("int_synthetic_models") }} as models using ({{ rollout_keys() | join(", ") }})
    inner join bounds using (problem_id)
    where starts.step in (bounds.first_step, bounds.final_step) and bounds.first_step < bounds.final_step
),

learned as (
    select * from ends
    where not is_teacher
),

-- The control: the exact optimizer that they learned from, from the same starting points.
sides as (
    select
        {{ keys | join(", ") }},
        model_id,
        start_id,
        concat('learned_', moment) as side,
        error,
        variance
    from learned

    union all

    select
        {{ columns_of("learned", keys) }},
        learned.model_id,
        learned.start_id,
        concat('exact_', learned.moment) as side,
        ends.error,
        ends.variance
    from learned
    inner join ends
        on
            learned.problem_id = ends.problem_id
            and learned.decomposition = ends.decomposition
            and learned.start_id = ends.start_id
            and learned.step = ends.step
            and ends.is_teacher
),

contrasts as (
    {{
        pooled_contrast("sides", keys, "start_id", {
            "learned_first": ("'learned_first'", -1),
            "learned_final": ("'learned_final'", 1),
            "exact_first": ("'exact_first'", 1),
            "exact_final": ("'exact_final'", -1),
        })
    }}
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
    'holds' as precondition,
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
            "condition_id", "length_axis", "n_wrong_items", "mean_samples", "share_from_samples",
            "cost_usd_per_sample", "other_verdict", "other_told"
        )
    }}
from contrasts
inner join bounds using (problem_id)
