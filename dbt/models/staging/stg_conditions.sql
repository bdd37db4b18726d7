with

conditions as (
    {{ rows_that_count("conditions") }}
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
qualify row_number() over (partition by condition_id order by {{ own_rows_first() }}) = 1
