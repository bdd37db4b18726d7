with

rankings as (
    {{ rows_that_count("survey_rankings") }}
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
qualify row_number() over (partition by rater_id, entity, attribute order by {{ last_import_first() }}) = 1
