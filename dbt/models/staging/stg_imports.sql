with

imports as (
    select * from {{ source("raw", "imports") }}
)

select
    ---------- ids
    import_id,
    file_sha256,
    run_id,
    task,
    model_id,

    ---------- text
    file_name,
    source,
    run_status,
    tool_version,

    ---------- numbers
    import_number,
    reader_version,
    file_bytes,
    n_samples,
    n_quarantined,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from imports
