{#
  Grades of a pool by the set of graders that they are of, and within it by who rates apart (`rater`): of all graders together each of
  them, of one grader alone each of its repeats. Of pools with many graders, those with most grades are told one by one.
#}
{% set pool = pool_keys() | join(", ") %}

with

grades as (
    select * from {{ ref("stg_grades") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
    where status not in ('error', 'refused')
),

entering as (
    select
        {{ columns_of("samples", item_keys()) }},
        grades.sample_id,
        grades.grader,
        grades.grade_repeat,
        grades.grade
    from grades
    inner join samples on grades.sample_id = samples.sample_id
),

graders as (
    select
        {{ pool }},
        grader,
        count(*) over (partition by {{ pool }}) as n_graders,
        row_number() over (partition by {{ pool }} order by count(*) desc, grader) as grader_number
    from entering
    group by {{ pool }}, grader
)

select
    {{ columns_of("entering", item_keys()) }},
    true as is_panel,
    'all graders' as grader,
    entering.sample_id,
    entering.grader as rater,
    entering.grade
from entering
inner join graders using ({{ pool }}, grader)
where graders.n_graders > 1

union all

select
    {{ columns_of("entering", item_keys()) }},
    false as is_panel,
    entering.grader,
    entering.sample_id,
    cast(entering.grade_repeat as string) as rater,
    entering.grade
from entering
inner join graders using ({{ pool }}, grader)
where graders.grader_number <= {{ var("max_graders") }}
