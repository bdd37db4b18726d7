with

tests as (
    select
        {{ item_keys() | join(", ") }},
        test_name,
        {{ graded("passed") }} as graded
    from {{ ref("int_sample_tests") }}
),

decomposed as (
    {{ decomposition_coverage("tests", item_keys(), "test_name", "coverage") }}
)

select * from decomposed
