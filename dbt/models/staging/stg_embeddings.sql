with

embeddings as (
    select * from {{ source("raw", "embeddings") }}
)

select
    ---------- ids
    sample_id,
    embedding_model,

    ---------- numbers
    vector,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from embeddings
qualify row_number() over (partition by sample_id, embedding_model order by ingested_at desc) = 1
