with

models as (
    {{ rows_that_count("models") }}
),

aliases as (
    select * from {{ ref("model_aliases") }}
)

select
    ---------- ids
    coalesce(aliases.model_id, models.model_id) as model_id,
    models.import_id,

    ---------- text
    models.provider,
    models.model_family,
    models.model_type,
    models.source,

    ---------- numbers
    models.param_count,
    models.is_simulated,

    ---------- times
    {{ utc("models.ingested_at") }} as ingested_at
from models
left join aliases on models.model_id = aliases.alias
qualify row_number() over (
    partition by coalesce(aliases.model_id, models.model_id)
    order by {{ own_rows_first() }}
) = 1
