{{ per_pool() }}

{% set half_keys = item_keys() + ["length_axis", "half"] %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind = 'open' and graded is not null
),

split_tests as (
    select
        {{ columns_of("halves", half_keys) }},
        tests.test_name,
        {{ graded("tests.passed") }} as graded
    from halves
    inner join tests on halves.sample_id = tests.sample_id
),

split_samples as (
    select
        {{ columns_of("halves", half_keys) }},
        samples.graded
    from halves
    inner join samples on halves.sample_id = samples.sample_id
)

({{ decomposition_coverage("split_tests", half_keys, "test_name", "coverage") }})
union all
({{ decomposition_coverage("split_samples", half_keys, "'score'", "score") }})
