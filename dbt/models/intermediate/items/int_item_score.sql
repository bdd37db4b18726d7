with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind = 'open' and graded is not null
),

decomposed as (
    {{ decomposition_coverage("samples", item_keys(), "'score'", "score") }}
)

select * from decomposed
