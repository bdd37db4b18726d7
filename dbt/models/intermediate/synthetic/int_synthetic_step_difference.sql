with

starts as (
    select * from {{ ref("int_synthetic_start_decomposition") }}
),

bounds as (
    select
        {{ rollout_keys() | join(", ") }},
        min(step) as first_step,
        max(step) as final_step
    from starts
    group by {{ rollout_keys() | join(", ") }}
),

ends as (
    select
        starts.*,
        first_step,
        final_step,
        case when step = first_step then 'first' else 'final' end as moment
    from starts
    inner join bounds using ({{ rollout_keys() | join(", ") }})
    where step in (first_step, final_step) and first_step < final_step
),

differences as (
    {{
        paired_difference(
            "ends",
            rollout_keys() + ["decomposition", "first_step", "final_step"],
            "start_id", "moment", "'first'", "'final'", floor=0, is_gated=false
        )
    }}
)

select
    {{ rollout_keys() | join(", ") }},
    decomposition,
    first_step,
    final_step,
    n_units as n_starts,
    incoherence_1 as incoherence_first,
    incoherence_2 as incoherence_final,
    difference,
    difference_ci_low,
    difference_ci_high
from differences
