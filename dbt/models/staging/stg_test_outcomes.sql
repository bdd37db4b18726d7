with

outcomes as (
    {{ rows_that_count("test_outcomes") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
)

select
    ---------- ids
    outcomes.sample_id,
    outcomes.test_name,

    ---------- numbers
    outcomes.kind,
    outcomes.passed,

    ---------- times
    {{ utc("outcomes.ingested_at") }} as ingested_at
from outcomes
-- The tests of the copy of the sample that is used: another reading of a log may have named them otherwise.
inner join samples
    on
        outcomes.sample_id = samples.sample_id
        and coalesce(outcomes.import_id, '') = coalesce(samples.import_id, '')
