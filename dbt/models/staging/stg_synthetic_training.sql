with

training as (
    select * from {{ source("raw", "synthetic_training") }}
)

select
    ---------- ids
    problem_id,
    model_id,
    split,
    step,

    ---------- numbers
    param_count,
    loss,
    learning_rate,
    n_tokens,
    seed,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from training
