{#
  Per item and set of graders: how many pairs of grades of one sample by different raters there are, and which share of them is equal.
#}
{% set keys = grader_set_keys() + ["item_id"] %}
{% set group = keys | join(", ") %}

with

counts as (
    select
        {{ group }},
        sample_id,
        rater,
        grade,
        count(*) as n
    from {{ ref("int_grades") }}
    where grade is not null
    group by {{ group }}, sample_id, rater, grade
),

equal_grades as (
    select
        {{ group }},
        sample_id,
        sum(n) as n,
        (sum(n) * sum(n) - sum(n * n)) / 2 as n_pairs
    from counts
    group by {{ group }}, sample_id, grade
),

cells as (
    select
        {{ group }},
        sample_id,
        (sum(n_grades) * sum(n_grades) - sum(n_grades * n_grades)) / 2 as n_pairs
    from {{ ref("int_grade_cells") }}
    group by {{ group }}, sample_id
),

equal_pairs as (
    select
        {{ group }},
        sum(n_pairs) as n_equal
    from equal_grades
    group by {{ group }}
),

pairs as (
    select
        {{ group }},
        sum(n_pairs) as n_pairs
    from cells
    group by {{ group }}
)

select
    {{ group }},
    cast(n_pairs as bigint) as n_grade_pairs,
    n_equal / cast(nullif(n_pairs, 0) as double) as grader_agreement
from equal_pairs
inner join pairs using ({{ group }})
