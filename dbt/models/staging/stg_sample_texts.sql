with

texts as (
    {{ rows_that_count("samples") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
)

select
    ---------- ids
    texts.sample_id,

    ---------- text
    texts.answer,
    texts.completion,
    texts.reasoning
from texts
-- The copy that is used.
inner join samples
    on
        texts.sample_id = samples.sample_id
        and coalesce(texts.import_id, '') = coalesce(samples.import_id, '')
