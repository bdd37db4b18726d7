{# A table: whoever else opens the database has no function `published_settings`. #}
{{ config(materialized="table") }}

with

conditions as (
    {{ rows_that_count("conditions") }}
)

select
    ---------- ids
    condition_id,
    import_id,

    ---------- text
    {{ without_secrets("condition_label") }} as condition_label,
    prompt_format,
    {{ without_secrets("reasoning_budget") }} as reasoning_budget,
    {{ published_settings("settings", "source") }} as settings,
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
