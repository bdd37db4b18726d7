{% set keys = (grader_set_keys() + ["item_id", "sample_id", "rater"]) | join(", ") %}

with

grades as (
    select * from {{ ref("int_grades") }}
    where grade is not null
)

select
    {{ keys }},
    count(*) as n_grades,
    avg(grade) as mean_grade,
    avg(grade * grade) as mean_square
from grades
group by {{ keys }}
