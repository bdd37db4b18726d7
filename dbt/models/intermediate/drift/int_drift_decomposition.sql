{% set keys = item_keys() + ["period_kind", "period", "side"] %}

with

sides as (
    select * from {{ ref("int_drift_samples") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

chosen as (
    select
        {{ columns_of("sides", keys) }},
        {{ columns_of("samples", answer_columns()) }}
    from sides
    inner join samples on sides.sample_id = samples.sample_id
    where samples.answer_kind <> 'open'
),

answers as (
    {{ answer_counts("chosen", keys) }}
),

moments as (
    {{ class_moments("answers", keys) }}
),

side_tests as (
    select
        {{ columns_of("sides", keys) }},
        tests.test_name,
        {{ graded("tests.passed") }} as graded
    from sides
    inner join tests on sides.sample_id = tests.sample_id
),

side_grades as (
    select
        {{ columns_of("sides", keys) }},
        samples.graded
    from sides
    inner join samples on sides.sample_id = samples.sample_id
    where samples.answer_kind = 'open' and samples.graded is not null
)

({{ decomposition_brier("moments", keys) }})
union all
({{ decomposition_coverage("side_tests", keys, "test_name", "coverage") }})
union all
({{ decomposition_coverage("side_grades", keys, "'score'", "score") }})
