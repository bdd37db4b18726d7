with

models as (
    {{ rows_that_count("models") }}
),

names as (
    select * from {{ ref("stg_model_names") }}
)

select
    ---------- ids
    names.model_id,
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
inner join names on models.model_id = names.source_model_id
qualify row_number() over (
    partition by names.model_id
    order by {{ own_rows_first() }}
) = 1
