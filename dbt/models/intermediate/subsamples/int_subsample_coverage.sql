{{ per_pool() }}

{% set keys = item_keys() + ["n_samples_per_item", "block"] %}

with

tests as (
    select * from {{ ref("int_sample_tests") }}
),

tested as (
    select
        {{ item_keys() | join(", ") }},
        sample_id,
        epoch
    from {{ ref("int_sample_answers") }}
    where sample_id in (select tests.sample_id from tests)
),

blocks as (
    {{ sample_blocks("tested") }}
),

outcomes as (
    select
        {{ columns_of("blocks", keys) }},
        tests.test_name,
        {{ graded("tests.passed") }} as graded
    from blocks
    inner join tests on blocks.sample_id = tests.sample_id
),

decomposed as (
    {{ decomposition_coverage("outcomes", keys, "test_name", "coverage") }}
)

select * from decomposed
