with

tests as (
    select
        {{ item_keys() | join(", ") }},
        test_name,
        case when passed then 1.0 else 0.0 end as graded
    from {{ ref("int_sample_tests") }}
),

decomposed as (
    {{ decomposition_coverage("tests", item_keys(), "test_name", "coverage") }}
)

select * from decomposed
