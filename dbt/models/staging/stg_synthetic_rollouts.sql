with

rollouts as (
    select * from {{ source("raw", "synthetic_rollouts") }}
)

select
    ---------- ids
    problem_id,
    model_id,
    starts,
    temperature,
    start_id,
    replicate,
    step,

    ---------- numbers
    start_scale,
    jitter,
    is_teacher,
    x,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from rollouts
