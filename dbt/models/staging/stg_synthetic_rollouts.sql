with

rollouts as (
    select * from {{ source("raw", "synthetic_rollouts") }}
)

select
    ---------- ids
    problem_id,
    model_id,
    temperature,
    start_id,
    replicate,
    step,

    ---------- numbers
    is_teacher,
    x,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from rollouts
