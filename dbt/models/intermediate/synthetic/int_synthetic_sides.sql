{% set keys = ["problem_id", "starts", "temperature", "decomposition"] %}

with

starts as (
    select
        {{ rollout_keys() | join(", ") }},
        step,
        start_id,
        decomposition,
        error,
        variance,
        variance_unbiased
    from {{ ref("int_synthetic_start_decomposition") }}
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
        starts.*,
        models.is_teacher,
        bounds.first_step,
        bounds.final_step,
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

-- The control is the exact optimizer from the same starting points: its incoherence rises too,
-- as it wanders in the end.
sides as (
    select
        {{ keys | join(", ") }},
        model_id,
        start_id,
        concat('learned_', moment) as side,
        first_step,
        final_step,
        error,
        variance,
        variance_unbiased
    from learned

    union all

    select
        {{ columns_of("learned", keys) }},
        learned.model_id,
        learned.start_id,
        concat('exact_', learned.moment) as side,
        learned.first_step,
        learned.final_step,
        ends.error,
        ends.variance,
        ends.variance_unbiased
    from learned
    inner join ends
        on
            learned.problem_id = ends.problem_id
            and learned.starts = ends.starts
            and learned.decomposition = ends.decomposition
            and learned.start_id = ends.start_id
            and learned.step = ends.step
            and ends.is_teacher
)

select * from sides
