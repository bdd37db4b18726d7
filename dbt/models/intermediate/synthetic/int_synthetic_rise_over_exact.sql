{% set keys = ["problem_id", "walker", "starts", "temperature", "decomposition"] %}

-- The control is the exact optimizer from the same starts: its incoherence rises too, because it wanders in the end.
with

starts as (
    select * from {{ ref("int_synthetic_start_decomposition") }}
),

bounds as (
    select
        problem_id,
        starts,
        min(step) as first_step,
        max(step) as final_step
    from starts
    group by problem_id, starts
),

ends as (
    select
        starts.problem_id,
        starts.model_id,
        starts.starts,
        starts.temperature,
        starts.decomposition,
        starts.start_id,
        starts.error,
        starts.variance_unbiased as variance,
        models.is_teacher,
        case when starts.step = bounds.first_step then 'first' else 'final' end as moment
    from starts
    inner join {{ ref("int_synthetic_models") }} as models using ({{ rollout_keys() | join(", ") }})
    inner join bounds using (problem_id, starts)
    where starts.step in (bounds.first_step, bounds.final_step) and bounds.first_step < bounds.final_step
),

learned as (
    select * from ends
    where not is_teacher
),

-- One contrast for each model: the macro pools what shares a contrast's keys.
sides as (
    select
        problem_id,
        model_id as walker,
        starts,
        temperature,
        decomposition,
        'one' as model_id,
        start_id,
        concat('learned_', moment) as side,
        error,
        variance
    from learned

    union all

    select
        learned.problem_id,
        learned.model_id as walker,
        learned.starts,
        learned.temperature,
        learned.decomposition,
        'one' as model_id,
        learned.start_id,
        concat('exact_', learned.moment) as side,
        ends.error,
        ends.variance
    from learned
    inner join ends
        on
            learned.problem_id = ends.problem_id
            and learned.starts = ends.starts
            and learned.decomposition = ends.decomposition
            and learned.start_id = ends.start_id
            and learned.moment = ends.moment
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
    problem_id,
    walker as model_id,
    starts,
    temperature,
    decomposition,
    statistic as over_exact,
    statistic - half_width as over_exact_ci_low,
    statistic + half_width as over_exact_ci_high
from contrasts
