with

problems as (
    select * from {{ source("raw", "synthetic_problems") }}
)

select
    ---------- ids
    problem_id,

    ---------- text
    profile,

    ---------- numbers
    dimension,
    a_matrix,
    minimum,
    condition_number,
    step_norm,
    uniform_loss,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from problems
qualify row_number() over (partition by problem_id order by ingested_at desc) = 1
