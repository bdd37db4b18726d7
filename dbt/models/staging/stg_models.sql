with

models as (
    select * from {{ source("raw", "models") }}
)

select
    ---------- ids
    model_id,
    import_id,

    ---------- text
    provider,
    model_family,
    model_type,
    source,

    ---------- numbers
    param_count,
    is_simulated,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from models
qualify row_number() over (partition by model_id order by ingested_at desc, import_id desc nulls last) = 1
