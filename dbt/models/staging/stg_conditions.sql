with

conditions as (
    select * from {{ source("raw", "conditions") }}
)

select
    ---------- ids
    condition_id,
    import_id,

    ---------- text
    condition_label,
    prompt_format,
    reasoning_budget,
    settings,
    source,

    ---------- numbers
    n_shots,
    temperature,
    top_p,
    top_k,
    max_tokens,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from conditions
qualify row_number() over (partition by condition_id order by ingested_at desc, import_id desc nulls last) = 1
