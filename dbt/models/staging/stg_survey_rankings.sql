with

rankings as (
    select * from {{ source("raw", "survey_rankings") }}
)

select
    ---------- ids
    rater_id,
    entity,
    attribute,

    ---------- text
    entity_group,

    ---------- numbers
    rank,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from rankings
qualify row_number() over (partition by rater_id, entity, attribute order by ingested_at desc) = 1
