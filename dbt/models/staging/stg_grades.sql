with

grades as (
    {{ rows_that_count("grades") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
)

select
    ---------- ids
    grades.sample_id,
    grades.grader,
    grades.grade_repeat,

    ---------- numbers
    grades.grade,

    ---------- times
    {{ utc("grades.ingested_at") }} as ingested_at
from grades
-- The grades of the copy of the sample that is used: a log that was scored again has others.
inner join samples
    on
        grades.sample_id = samples.sample_id
        and coalesce(grades.import_id, '') = coalesce(samples.import_id, '')
